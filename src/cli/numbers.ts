import { InvalidArgumentError } from 'commander';

/** A number above 0, as an option has it. */
export function positive(text: string): number {
  const number = Number(text);
  if (text.trim() !== '' && Number.isFinite(number) && number > 0) return number;
  throw new InvalidArgumentError('It has to be a number above 0.');
}
