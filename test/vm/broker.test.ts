import { describeLiars } from '../support/broker-liars.js';

describeLiars();
