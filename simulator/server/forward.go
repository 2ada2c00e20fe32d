package server

import (
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// ringLimit is how long a user may take to answer.
const ringLimit = 3 * time.Minute

// transmission is a request on its way to another user, until its final answer.
type transmission struct {
	branch         string
	origin, target *session
	came, went     *sip.Request
	limit          *time.Timer
}

// toUser sends a request on to the user that it is for, and gives the reply where
// there is none such. Between users the front end is a proxy, RFC 3261 16.
//
// Modelled: a call rings at one endpoint of a user, the last one that registered.
func (s *session) toUser(req *sip.Request) *reply {
	to := req.Recipient
	if !strings.EqualFold(to.Host, s.Domain) {
		return s.refuse(504, 1008, "Unable to resolve DNS SRV record")
	}
	if _, known := s.Users[addressOf(to)]; !known {
		return s.refuse(404, 0, "nobody at "+about(req))
	}
	target := s.directory.find(to, s)
	if target == nil {
		return s.refuse(480, 0, addressOf(to)+" is not signed in")
	}
	if req.Method == sip.INVITE {
		s.directory.begin(req.CallID().Value(), s, target)
		s.answer(req, &reply{status: 100})
	}
	return s.forward(req, target)
}

// forward sends a request on. Its answer comes back by its branch.
func (s *session) forward(req *sip.Request, target *session) *reply {
	hops := 70
	if h := req.MaxForwards(); h != nil {
		hops = int(*h) - 1
	}
	if hops < 0 {
		return s.refuse(483, 0, "")
	}
	t := &transmission{branch: "z9hG4bK" + newTag(), origin: s, target: target, came: req}
	t.went = s.onward(req, t.branch, hops)
	if req.Method != sip.ACK {
		t.limit = time.AfterFunc(ringLimit, func() { s.giveUp(t) })
		s.directory.expect(t)
	}
	target.mu.Lock()
	defer target.mu.Unlock()
	target.send(t.went, "from "+s.user)
	return nil
}

// onward is a request as the next one gets it: with our Via and without what was
// only for us.
func (s *session) onward(req *sip.Request, branch string, hops int) *sip.Request {
	out := sip.NewRequest(req.Method, *req.Recipient.Clone())
	port := strconv.Itoa(int(s.endpoints["sip"].Port))
	out.AppendHeader(sip.NewHeader("Via", "SIP/2.0/TLS "+s.host.Name()+":"+port+";branch="+branch))
	if req.Method == sip.INVITE {
		out.AppendHeader(sip.NewHeader("Record-Route", "<sip:"+s.host.Name()+":"+port+";transport=tls;lr>"))
	}
	out.AppendHeader(sip.NewHeader("Max-Forwards", strconv.Itoa(hops)))
	for _, h := range req.Headers() {
		switch strings.ToLower(h.Name()) {
		case "authorization", "proxy-authorization", "max-forwards", "content-length", "l", "route", "proxy-require":
		default:
			out.AppendHeader(h)
		}
	}
	out.SetBody(req.Body())
	return out
}

// expect enters a transmission.
func (d *directory) expect(t *transmission) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.pending[t.branch] = t
}

// settle is the transmission that a response of s is for, nil when there is none. A
// final one ends it.
func (d *directory) settle(branch string, s *session, final bool) *transmission {
	d.mu.Lock()
	defer d.mu.Unlock()
	t := d.pending[branch]
	if t == nil || t.target != s {
		return nil
	}
	if final {
		delete(d.pending, branch)
		t.limit.Stop()
	}
	return t
}

// sought is the transmission that a CANCEL is about, nil when there is none.
func (d *directory) sought(cancel *sip.Request, s *session) *transmission {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, t := range d.pending {
		if t.origin == s && t.came.Method == sip.INVITE && t.came.CallID().Value() == cancel.CallID().Value() && t.came.CSeq().SeqNo == cancel.CSeq().SeqNo {
			return t
		}
	}
	return nil
}

// returned takes a response to a request that was sent on back to who sent it. Others
// are answers to the front end's own notifications, and nobody waits for them.
func (s *session) returned(res *sip.Response) {
	via, seq := res.Via(), res.CSeq()
	if via == nil || seq == nil || res.CallID() == nil || seq.MethodName == sip.CANCEL {
		return
	}
	branch, _ := via.Params.Get("branch")
	final := res.StatusCode >= 200
	t := s.directory.settle(branch, s, final)
	if t == nil || res.StatusCode == 100 {
		return
	}
	if final {
		s.directory.conclude(res.CallID().Value(), t.came.Method, res.StatusCode)
	}
	if t.came.Method == sip.INVITE && res.StatusCode >= 300 {
		s.closeInvite(t, res)
	}
	t.origin.passOn(res)
}

// closeInvite acknowledges a refusal, which is between neighbours, RFC 3261 17.1.1.3.
func (s *session) closeInvite(t *transmission, res *sip.Response) {
	ack := s.neighbour(t, sip.ACK, headerValue(res, "To", "t"))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.send(ack, "")
}

// neighbour is a request about an INVITE that was sent on, with the INVITE's own
// branch.
func (*session) neighbour(t *transmission, method sip.RequestMethod, to string) *sip.Request {
	out := sip.NewRequest(method, *t.went.Recipient.Clone())
	for _, h := range [][2]string{
		{"Via", headerValue(t.went, "Via")}, {"Max-Forwards", "70"}, {"From", headerValue(t.went, "From", "f")}, {"To", to},
		{"Call-ID", t.went.CallID().Value()}, {"CSeq", strconv.FormatUint(uint64(t.went.CSeq().SeqNo), 10) + " " + string(method)},
	} {
		out.AppendHeader(sip.NewHeader(h[0], h[1]))
	}
	out.SetBody(nil)
	return out
}

// passOn sends a response that came from somebody else, without their Via.
func (s *session) passOn(res *sip.Response) {
	out := sip.NewResponse(res.StatusCode, res.Reason)
	mine := true
	for _, h := range res.Headers() {
		switch strings.ToLower(h.Name()) {
		case "via", "v":
			if !mine {
				out.AppendHeader(h)
			}
			mine = false
		case "authorization", "proxy-authorization", "authentication-info", "content-length", "l":
		default:
			out.AppendHeader(h)
		}
	}
	out.SetBody(res.Body())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sign(out)
	s.sent(strconv.Itoa(out.StatusCode)+" "+out.Reason, "")
	_ = s.write(out.String()) // reading tells of the connection's end
}

// giveUp answers for somebody who does not, after ringLimit.
func (s *session) giveUp(t *transmission) {
	if s.directory.settle(t.branch, t.target, true) == nil {
		return
	}
	s.directory.conclude(t.came.CallID().Value(), t.came.Method, 408)
	s.answer(t.came, s.refuse(408, 0, "no answer"))
}

// withdraw takes a CANCEL to where the INVITE went.
func (s *session) withdraw(t *transmission) {
	cancel := s.neighbour(t, sip.CANCEL, headerValue(t.went, "To", "t"))
	t.target.mu.Lock()
	defer t.target.mu.Unlock()
	t.target.send(cancel, "from "+s.user)
}

// depart takes the session out of the directory. Who waits for its answers is told.
func (s *session) depart() {
	for _, t := range s.directory.remove(s) {
		t.origin.answer(t.came, s.refuse(480, 0, s.user+" has gone"))
	}
}
