import { describe } from 'vitest';
import { describeLiars } from '../support/broker-liars.js';
import { noWayForOrdinaryUser } from '../support/ordinary-user.js';

const noWay = noWayForOrdinaryUser();

describe.skipIf(noWay)(`a broker on this machine${noWay ? ` (skipped: ${noWay})` : ''}`, describeLiars);
