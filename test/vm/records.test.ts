import { describeRecords } from '../support/records.js';

describeRecords();
