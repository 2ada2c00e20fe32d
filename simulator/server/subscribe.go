package server

import (
	"strconv"

	"github.com/emiago/sipgo/sip"
)

// event is a row of what can be subscribed to.
type event struct {
	name        string
	contentType string
	// document is the state that a subscriber gets; nil means that the request's
	// target has no such state.
	document func(*session, *sip.Request) []byte
	service  string // for faults; "" has none of its own
}

const conferenceEvent = "conference"

func events() []event {
	return []event{
		{"vnd-microsoft-roaming-contacts", "application/vnd-microsoft-roaming-contacts+xml", (*session).contacts, ""},
		{"vnd-microsoft-provisioning-v2", "application/vnd-microsoft-roaming-provisioning-v2+xml", (*session).provisioning, Provisioning},
		{"vnd-microsoft-roaming-self", "application/vnd-microsoft-roaming-self+xml", (*session).roamingSelf, ""},
		{"presence", "application/msrtc-event-categories+xml", (*session).presence, ""},
		{conferenceEvent, "application/conference-info+xml", (*session).conferenceInfo, Focus},
	}
}

func eventNames() []string {
	names := []string{}
	for _, e := range events() {
		names = append(names, e.name)
	}
	return names
}

// subscribe answers a SUBSCRIBE. A client that supports it gets the first
// notification as body of the 200 (piggyback), [MS-SIP] 3.3; others get it in a
// BENOTIFY or NOTIFY of its own.
func (s *session) subscribe(req *sip.Request) *reply {
	name := headerValue(req, "Event", "o")
	for _, e := range events() {
		if e.name != name {
			continue
		}
		if e.service != "" {
			if r, fails := s.fails(e.service); fails {
				return r
			}
		}
		doc := e.document(s, req)
		if doc == nil {
			return s.refuse(404, 0, "nothing to subscribe to at "+about(req))
		}
		return s.subscribed(req, e, doc)
	}
	r := s.refuse(489, 0, "event "+strconv.Quote(name))
	for _, n := range eventNames() {
		r.headers = append(r.headers, sip.NewHeader("Allow-Events", n))
	}
	return r
}

func (s *session) subscribed(req *sip.Request, e event, doc []byte) *reply {
	const longest = 28800
	expires := seconds(req, longest)
	state := "active;expires=" + strconv.Itoa(expires)
	if expires == 0 {
		state = "terminated"
	}
	d := s.keepSubscription(req, e, expires)
	r := &reply{status: 200, note: e.name, toTag: d.tag, headers: []sip.Header{
		sip.NewHeader("Contact", "<"+d.localURI()+">"),
		sip.NewHeader("Expires", strconv.Itoa(expires)),
		sip.NewHeader("Event", e.name),
		sip.NewHeader("subscription-state", state),
	}}
	if supports(req, "ms-piggyback-first-notify") {
		r.headers = append(r.headers, sip.NewHeader("ms-piggyback-cseq", "1"))
		r.contentType, r.body = e.contentType, doc
		return r
	}
	// The answer has to go out before the notification.
	s.answer(req, r)
	s.notify(d, e.contentType, state, doc)
	return nil
}

// keepSubscription enters the subscription's dialog, or ends it.
func (s *session) keepSubscription(req *sip.Request, e event, expires int) *dialog {
	d := s.subscription(req, e)
	if d == nil {
		d = s.newDialog(req)
		d.event, d.benotify = e.name, supports(req, "ms-benotify")
	}
	if e.name == conferenceEvent {
		d.conference = s.conference(about(req))
	}
	if expires == 0 {
		s.forget(d)
	} else {
		s.keepDialog(d)
	}
	if d.conference != nil {
		d.conference.watch(s, d, expires > 0)
	}
	return d
}

// subscription is the one that a request is about, nil when there is none. One that
// ends a subscription from outside its dialog means the one of that event at that
// address; pidgin-sipe leaves conferences so.
func (s *session) subscription(req *sip.Request, e event) *dialog {
	if d := s.dialog(req.CallID().Value()); d != nil || headerValue(req, "Expires") != "0" {
		return d
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.dialogs {
		if d.event == e.name && d.localURI() == about(req) {
			return d
		}
	}
	return nil
}

// notify sends a notification inside a subscription's dialog. Others than the
// reading goroutine may call it.
func (s *session) notify(d *dialog, contentType, state string, doc []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d.cseq++
	name := sip.NOTIFY
	if d.benotify {
		name = "BENOTIFY"
	}
	req := s.toClient(d, name)
	req.AppendHeader(sip.NewHeader("Event", d.event))
	req.AppendHeader(sip.NewHeader("subscription-state", state))
	req.AppendHeader(sip.NewHeader("Content-Type", contentType))
	req.SetBody(doc)
	s.send(req, d.event)
}
