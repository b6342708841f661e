//! Tests of the suite as a whole: `contract/` the protos, `journeys/` what citizens and staff live through, `faults/` what
//! goes wrong on the way.
