package diagnose

import "rehearse/reports/journal"

// Diagnose names the causes of what failed in a log that was read from a capture.
func Diagnose(log journal.Log) Report {
	s := newScene(log)
	for _, rule := range rules() {
		rule(s)
	}
	r := Report{Findings: merged(s.findings), Works: s.works(), Unknown: s.gaps(), Judged: len(s.conns) + len(s.lookups)}
	if r.Findings == nil {
		r.Findings = []Finding{}
	}
	if r.Works == nil {
		r.Works = []Evidence{}
	}
	if r.Unknown == nil {
		r.Unknown = []Gap{}
	}
	return r
}

// rules are in order: what one explains those after it leave alone.
func rules() []func(*scene) {
	return []func(*scene){
		exceptions, refusedConnects, plainAnswers, pseudoRefused, sipForHTTP, refusedCertificates, strayStatus,
		refusedByServer, silent, sipFailures, noRelay, oneWay, relayClosed, unansweredInside, refusedRequests, unreachable, lostNames,
	}
}

// begin starts a finding about a connection.
func (s *scene) begin(cause string, confidence Confidence, c *conn, packet int) Finding {
	return Finding{Cause: cause, Confidence: confidence, Host: c.host, Flows: []string{c.flow}, at: packet, conn: c}
}

// doubt lowers the confidence where bytes of the connection are missing: nothing is
// sure then, and least of all what is told by what was not there.
func (f *Finding) doubt() {
	lost, ok := first[journal.CaptureLost](f.conn)
	if !ok {
		return
	}
	switch f.Cause {
	case NoAnswer, ClosedUnanswered, NoRelay, RelayClosed, Refused, ResponderSlow, UntrustedRoot, SIPTakenForHTTP, OneWay:
		if f.Confidence != High {
			f.Confidence = Low
		}
	}
	if f.Confidence == High {
		f.Confidence = Medium
	}
	f.Against = append(f.Against, saw(lost))
}

// found keeps a finding; its connection is explained.
func (s *scene) found(f Finding) {
	row := Of(f.Cause)
	f.Title, f.Means, f.Code, f.Remedies, f.Source = row.Title, row.Means, row.Code, row.Remedies, row.Source
	if f.conn != nil {
		f.conn.explained = true
		f.doubt()
	}
	for _, list := range []*[]Evidence{&f.For, &f.Against} {
		if *list == nil {
			*list = []Evidence{}
		}
	}
	if f.Could == nil {
		f.Could = []Alternative{}
	}
	if f.Flows == nil {
		f.Flows = []string{}
	}
	s.findings = append(s.findings, f)
}
