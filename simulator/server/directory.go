package server

import (
	"slices"
	"strings"
	"sync"

	"github.com/emiago/sipgo/sip"
)

// directory knows who is registered where, and which calls are under way between
// users.
type directory struct {
	mu        sync.Mutex
	signedIn  map[string][]*session    // by address, in the order of registration
	exchanges map[string]*exchange     // by Call-ID
	pending   map[string]*transmission // by branch
}

func newDirectory() *directory {
	return &directory{signedIn: make(map[string][]*session), exchanges: make(map[string]*exchange), pending: make(map[string]*transmission)}
}

// enter puts a session's registration in.
func (d *directory) enter(address string, s *session) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !slices.Contains(d.signedIn[address], s) {
		d.signedIn[address] = append(d.signedIn[address], s)
	}
}

// remove takes a session out, and gives what others still wait for it to answer.
func (d *directory) remove(s *session) (unanswered []*transmission) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for address, all := range d.signedIn {
		if all = slices.DeleteFunc(all, func(o *session) bool { return o == s }); len(all) > 0 {
			d.signedIn[address] = all
		} else {
			delete(d.signedIn, address)
		}
	}
	for id, x := range d.exchanges {
		if x.caller == s || x.callee == s {
			delete(d.exchanges, id)
		}
	}
	for branch, t := range d.pending {
		if t.origin == s || t.target == s {
			delete(d.pending, branch)
			t.limit.Stop()
			if t.target == s {
				unanswered = append(unanswered, t)
			}
		}
	}
	slices.SortFunc(unanswered, func(a, b *transmission) int { return strings.Compare(a.branch, b.branch) })
	return unanswered
}

// find is the session of a user to send a request to: that of the endpoint which the
// address names, else the one that registered last; never the sender's own.
func (d *directory) find(to sip.Uri, from *session) *session {
	d.mu.Lock()
	defer d.mu.Unlock()
	opaque, _ := to.UriParams.Get("opaque")
	id, named := strings.CutPrefix(opaque, "user:epid:")
	for _, s := range slices.Backward(d.signedIn[addressOf(to)]) {
		if s != from && (!named || s.epid == id) {
			return s
		}
	}
	return nil
}

// addressOf is a URI's user and host, as users are named.
func addressOf(u sip.Uri) string { return strings.ToLower(u.User + "@" + u.Host) }

// exchange is a call between two users. In-dialog requests of either find the other
// by its Call-ID.
type exchange struct {
	caller, callee *session
	answered       bool
}

// peer is the other side.
func (x *exchange) peer(s *session) *session {
	if x.caller == s {
		return x.callee
	}
	return x.caller
}

// begin enters a call.
func (d *directory) begin(callID string, caller, callee *session) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.exchanges[callID] = &exchange{caller: caller, callee: callee}
}

// peer is the other side of a call of s, nil when there is no such call. answered
// says whether it was taken.
func (d *directory) peer(callID string, s *session) (other *session, answered bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	x := d.exchanges[callID]
	if x == nil || (x.caller != s && x.callee != s) {
		return nil, false
	}
	return x.peer(s), x.answered
}

// conclude notes what a final answer does to its call.
func (d *directory) conclude(callID string, method sip.RequestMethod, status int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	x := d.exchanges[callID]
	switch {
	case x == nil:
	case method == sip.BYE, method == sip.INVITE && status >= 300 && !x.answered:
		delete(d.exchanges, callID)
	case method == sip.INVITE && status < 300:
		x.answered = true
	}
}
