package server

import (
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"

	"rehearse/simulator/sipauth"
)

func newTag() string { return strings.ToUpper(hex.EncodeToString(random(16))) }

// splitAddress cuts a header such as From into its URI and what follows it.
func splitAddress(value string) (uri, params string) {
	if _, rest, ok := strings.Cut(value, "<"); ok {
		uri, params, _ = strings.Cut(rest, ">")
		return uri, params
	}
	uri, params, _ = strings.Cut(value, ";")
	return strings.TrimSpace(uri), params
}

// about is the address that a request is for: the To URI, which unlike the request
// URI stays the same throughout a dialog.
func about(req *sip.Request) string {
	uri, _ := splitAddress(headerValue(req, "To", "t"))
	return uri
}

// tagOf is the tag of a request's To: "" outside dialogs.
func tagOf(req *sip.Request) string { return sipauth.FieldsOf(req).ToTag }

// dialog is what the front end keeps of an INVITE or SUBSCRIBE.
type dialog struct {
	callID, tag string // the tag is the front end's
	// local and remote are From and To of requests to the client, target their URI;
	// cseq numbers them.
	local, remote, target string
	cseq                  uint32

	event      string // of a subscription, "" for a call
	benotify   bool   // the client takes notifications without answering
	conference *conference
	call       *call // at the A/V conferencing server
	chat       bool  // the call is with the IM conferencing server
}

// newDialog is the dialog that a request begins. It is not kept yet.
func (s *session) newDialog(req *sip.Request) *dialog {
	local, _ := splitAddress(headerValue(req, "To", "t"))
	target, _ := splitAddress(headerValue(req, "Contact", "m"))
	tag := newTag()
	return &dialog{
		callID: req.CallID().Value(), tag: tag, cseq: 1,
		local: "<" + local + ">;tag=" + tag, remote: headerValue(req, "From", "f"), target: target,
	}
}

// localURI is the front end's address in the dialog.
func (d *dialog) localURI() string {
	uri, _ := splitAddress(d.local)
	return uri
}

// keepDialog enters a dialog.
func (s *session) keepDialog(d *dialog) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.dialogs, d) {
		s.dialogs = append(s.dialogs, d)
	}
}

// forget takes a dialog out.
func (s *session) forget(d *dialog) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dialogs = slices.DeleteFunc(s.dialogs, func(o *dialog) bool { return o == d })
}

// dialog is the dialog of a Call-ID, nil when there is none. Tags are not
// compared: clients do not use one Call-ID twice.
func (s *session) dialog(callID string) *dialog {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.dialogs {
		if d.callID == callID {
			return d
		}
	}
	return nil
}

// toClient begins a request inside a dialog. The caller holds s.mu.
func (s *session) toClient(d *dialog, name sip.RequestMethod) *sip.Request {
	var to sip.Uri
	if err := sip.ParseUri(d.target, &to); err != nil {
		to = sip.Uri{Scheme: "sip", Host: s.Domain}
	}
	req := sip.NewRequest(name, to)
	for _, h := range [][2]string{
		{"Via", "SIP/2.0/TLS " + s.host.Name() + ":" + strconv.Itoa(int(s.endpoints["sip"].Port)) + ";branch=z9hG4bK" + newTag()},
		{"Max-Forwards", "70"},
		{"From", d.local},
		{"To", d.remote},
		{"Call-ID", d.callID},
		{"CSeq", strconv.FormatUint(uint64(d.cseq), 10) + " " + string(name)},
	} {
		req.AppendHeader(sip.NewHeader(h[0], h[1]))
	}
	return req
}

// send signs a request to the client and sends it. The caller holds s.mu.
func (s *session) send(req *sip.Request, note string) {
	s.sign(req)
	s.sent(string(req.Method)+" "+req.Recipient.String(), note)
	_ = s.write(req.String()) // reading tells of the connection's end
}

// acknowledge takes an ACK or CANCEL. An ACK starts what the INVITE agreed on; a
// CANCEL of a call to a conference comes too late, for those are answered at once.
func (s *session) acknowledge(req *sip.Request) *reply {
	id := req.CallID().Value()
	if req.Method == sip.CANCEL {
		t := s.directory.sought(req, s)
		if t == nil {
			return s.refuse(481, 0, "")
		}
		s.answer(req, &reply{status: 200})
		s.withdraw(t)
		return nil
	}
	if other, answered := s.directory.peer(id, s); answered {
		return s.forward(req, other)
	}
	d := s.dialog(id)
	if d != nil && d.call != nil {
		d.call.start()
	}
	return nil
}

// bye ends a call.
func (s *session) bye(req *sip.Request) *reply {
	d := s.dialog(req.CallID().Value())
	if d == nil || d.event != "" {
		return s.refuse(481, 0, "")
	}
	s.answer(req, &reply{status: 200}) // before watchers are told
	s.hangUp(d)
	return nil
}

// hangUp ends what a dialog stood for.
func (s *session) hangUp(d *dialog) {
	s.forget(d)
	switch {
	case d.event != "":
		if d.conference != nil {
			d.conference.watch(s, d, false)
		}
	case d.call != nil:
		d.call.Close()
		d.conference.media(s.user, audioVideo, false)
	case d.conference != nil && d.chat:
		d.conference.talk(s, d, false)
		d.conference.media(s.user, chat, false)
	case d.conference != nil:
		d.conference.leave(s.user)
	}
}

// leaveAll ends every dialog, the newest first.
func (s *session) leaveAll() {
	s.mu.Lock()
	all := slices.Clone(s.dialogs)
	s.mu.Unlock()
	for _, d := range slices.Backward(all) {
		s.hangUp(d)
	}
}

// end is the connection's.
func (s *session) end() {
	s.depart()
	s.leaveAll()
	s.mu.Lock()
	s.auth.Close()
	s.mu.Unlock()
	s.conn.Close()
}

func (s *session) options(*sip.Request) *reply {
	return &reply{status: 200, headers: []sip.Header{sip.NewHeader("Allow", allowed())}}
}
