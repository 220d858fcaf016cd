import { describeUserRings } from '../support/user-rings.js';

describeUserRings();
