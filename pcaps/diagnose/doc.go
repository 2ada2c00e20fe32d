// Package diagnose names the causes of what failed in a capture.
//
// In comes the journal of events that package story reads from a capture, out come
// findings: a cause of one table, how sure it is, the packets that speak for and
// against it, what else it could be, what mends it. What cannot be told is said as
// well, with what to record to be able to.
//
// The one thing to know: rules stand in order, the most telling first. A connection
// whose failure one rule explains is left alone by those after it, so one failure
// has one cause, and what it may be besides stands in the finding.
package diagnose
