package proxy

import (
	"net/http"
	"slices"

	"rehearse/proxy/policy"
	"rehearse/reports/journal"
)

// evaluation is how far one transaction of a flow has come.
type evaluation struct {
	id       int
	tx       *policy.Transaction
	at       policy.Checkpoint
	decision policy.Decision
	status   int // that the client got
}

// explains says whether anybody wants to know how policy decides.
func (f *flow) explains() bool {
	return f.p.conf.Recorder != journal.Discard || f.p.conf.Finished != nil || f.p.conf.Traced != nil && f.policy.traces
}

// keep takes note of an evaluation of a transaction, until the next one of it or
// its end. The next request on a connection ends the one before.
func (f *flow) keep(tx *policy.Transaction, at policy.Checkpoint, d policy.Decision) {
	e := f.evaluation(tx)
	if e == nil {
		f.endRequest(tx)
		e = &evaluation{id: int(f.p.transactions.Add(1))}
		f.open = append(f.open, e)
	}
	if f.latest = e; at >= e.at {
		e.tx, e.at, e.decision = tx, at, d
	}
}

// evaluation is that of the same transaction, nil for a new one. Of those about
// the TLS flow there is one each, though what is known of it is gathered anew.
func (f *flow) evaluation(tx *policy.Transaction) *evaluation {
	for _, e := range f.open {
		if e.tx == tx || e.tx.Type == tx.Type && (tx.Type == policy.SSLIntercept || tx.Type == policy.SSLTunnel) {
			return e
		}
	}
	return nil
}

// endRequest ends the request before tx; the CONNECT around both goes on.
func (f *flow) endRequest(tx *policy.Transaction) {
	f.open = slices.DeleteFunc(f.open, func(e *evaluation) bool {
		ended := e.tx.Type == tx.Type && e.tx.Method != http.MethodConnect
		if ended {
			f.finish(e)
		}
		return ended
	})
}

// endTransactions ends what is open when the flow does.
func (f *flow) endTransactions() {
	for _, e := range f.open {
		f.finish(e)
	}
	f.open = nil
}

// answered notes the status that the client got for the transaction at hand.
func (f *flow) answered(status int) {
	if f.latest != nil {
		f.latest.status = status
	}
}

// finish hands a transaction's trace on, and records it where policy wants one.
func (f *flow) finish(e *evaluation) {
	t := e.decision.Tracing()
	trace := policy.Trace{ID: e.id, Transaction: e.tx, Decision: e.decision, Rules: t.Rules, ClientStatus: e.status}
	if t.Request {
		f.record(journal.TraceWritten{ID: e.id, Transaction: string(e.tx.Type), Destination: t.Destination})
		if f.p.conf.Traced != nil {
			f.p.conf.Traced(trace)
		}
	}
	if f.p.conf.Finished != nil {
		f.p.conf.Finished(trace)
	}
}
