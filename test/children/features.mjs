// Prints the feature report as JSON.
import { features } from 'bpf-lsm';

console.log(JSON.stringify(features()));
