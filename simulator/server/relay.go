package server

import (
	"net/netip"

	"rehearse/proxy/wire/msturn"
)

// relay carries a Send request's data to its peer. It is never answered; one that
// is not in order is dropped.
func (l *leg) relay(m *msturn.Message) {
	a, none := l.allocation()
	to, hasTo := msturn.Find[msturn.DestinationAddress](m)
	data, hasData := msturn.Find[msturn.Data](m)
	if none || !hasTo || !hasData || !l.authentic(m) {
		return
	}
	if a.first(to.AddrPort()) {
		l.record(true, m, "the first to "+to.String())
	}
	a.allow(to.AddrPort().Addr())
	a.toPeer(to.AddrPort(), data)
}

// first says whether the client sends to a peer's address for the first time.
func (a *allocation) first(to netip.AddrPort) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	select {
	case <-a.permission(to.Addr()):
		return false
	default:
		return true
	}
}

// raw carries data to the active destination.
func (l *leg) raw(data []byte) {
	a, none := l.allocation()
	if none {
		return
	}
	a.mu.Lock()
	to := a.active
	a.mu.Unlock()
	if to.IsValid() {
		a.toPeer(to, data)
	}
}

// setActive makes a peer the active destination: data to and from it goes without
// messages around it. On a failure the destination stays, [MS-TURN] 3.3.5.3.
func (l *leg) setActive(m *msturn.Message) {
	a, none := l.allocation()
	to, ok := msturn.Find[msturn.DestinationAddress](m)
	switch {
	case !l.authentic(m):
		l.refuseActive(m, 431)
		return
	case none:
		l.refuseActive(m, 437)
		return
	case !ok:
		l.refuseActive(m, 400)
		return
	}
	a.mu.Lock()
	a.active = to.AddrPort()
	a.mu.Unlock()
	answer := &msturn.Message{Type: msturn.SetActiveDestinationResponse, TransactionID: m.TransactionID,
		Attributes: []msturn.Attribute{l.version(m)}}
	answer.SignLike(m, l.key(m))
	l.send(answer, to.String())
}

func (l *leg) refuseActive(m *msturn.Message, code int) {
	why := msturn.Failure(code)
	l.send(&msturn.Message{Type: msturn.SetActiveDestinationError, TransactionID: m.TransactionID,
		Attributes: []msturn.Attribute{why, l.nonce(l.Now()), l.realm}}, "error "+why.String())
}
