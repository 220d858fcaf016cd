import { describeEdgeRecords } from '../support/edge-records.js';
import { describeRecords } from '../support/records.js';

describeRecords();
describeEdgeRecords();
