package server

import (
	"encoding/xml"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// invite answers an INVITE: to a focus, or to one of a conference's servers.
func (s *session) invite(req *sip.Request) *reply {
	target := about(req)
	c := s.conference(target)
	switch {
	case c == nil && strings.Contains(target, ":conf:"):
		return s.refuse(404, 0, "nobody at "+target)
	case c == nil:
		return s.toUser(req)
	}
	_, kind, _, _ := focusOf(target)
	switch kind {
	case "focus":
		return s.joinFocus(req, c)
	case chat:
		return s.joinChat(req, c)
	case audioVideo:
		return s.joinAudio(req, c)
	}
	return s.refuse(404, 0, "no conferencing server "+kind)
}

// called is a 200 to an INVITE, whose dialog is kept.
func (s *session) called(d *dialog, contentType string, body []byte, note string) *reply {
	s.keepDialog(d)
	return &reply{status: 200, toTag: d.tag, contentType: contentType, body: body, note: note, headers: []sip.Header{
		sip.NewHeader("Contact", "<"+d.localURI()+">;isfocus"),
		sip.NewHeader("Allow", allowed()),
		sip.NewHeader("Server", serverVersion),
	}}
}

// joinFocus takes a user into a conference: C3P addUser.
func (s *session) joinFocus(req *sip.Request, c *conference) *reply {
	if r, fails := s.fails(Focus); fails {
		return r
	}
	if d := s.dialog(req.CallID().Value()); d != nil {
		return s.called(d, "", nil, "again") // a session refresh
	}
	var m cccpRequest
	if err := xml.Unmarshal(req.Body(), &m); err != nil || m.AddUser == nil {
		return s.refuse(400, 0, "want addUser")
	}
	user := m.AddUser.User
	if !strings.EqualFold(strings.TrimPrefix(user.Entity, "sip:"), s.user) {
		return s.refuse(403, 0, user.Entity+" is not who is registered")
	}
	d := s.newDialog(req)
	d.conference = c
	role := "attendee"
	if s.user == c.organizer {
		role = "presenter"
	}
	// The answer has to be on its way before watchers are told.
	s.answer(req, s.called(d, cccpType, cccp(m, c.uri, "success",
		`<addUser><conferenceKeys confEntity="%s"/><ci:user entity="%s"><ci:roles><ci:entry>%s</ci:entry></ci:roles></ci:user></addUser>`,
		c.uri, "sip:"+s.user, role), "joined the conference"))
	c.join(s.user, user.Endpoint.Entity)
	return nil
}

const sdpType = "application/sdp"

// joinAudio connects a participant to the A/V conferencing server, by offer and
// answer.
func (s *session) joinAudio(req *sip.Request, c *conference) *reply {
	if r, fails := s.fails(MCU); fails {
		return r
	}
	offer, err := offered(req)
	if err != nil {
		return s.refuse(488, 7008, err.Error())
	}
	d := s.dialog(req.CallID().Value())
	if d == nil {
		d = s.newDialog(req)
		d.conference = c
		if d.call, err = s.mcu.call(offer); err != nil {
			return s.refuse(488, 7008, err.Error())
		}
	}
	s.answer(req, s.called(d, sdpType, d.call.answer(), "audio"))
	d.call.announce()
	c.media(s.user, audioVideo, true)
	return nil
}

// offered is a request's SDP: the body, or of several alternatives the last that is
// not meant for servers of 2007.
func offered(req *sip.Request) ([]byte, error) {
	kind, params, err := mime.ParseMediaType(headerValue(req, "Content-Type", "c"))
	if err != nil {
		return nil, fmt.Errorf("content type: %w", err)
	}
	if kind == sdpType {
		return req.Body(), nil
	}
	if kind != "multipart/alternative" {
		return nil, fmt.Errorf("content type %q, want %s or multipart/alternative", kind, sdpType)
	}
	return alternative(multipart.NewReader(strings.NewReader(string(req.Body())), params["boundary"]))
}

func alternative(r *multipart.Reader) (best []byte, err error) {
	for {
		part, err := r.NextPart()
		if err != nil {
			break
		}
		if strings.Contains(part.Header.Get("Content-Disposition"), "ms-proxy-2007fallback") {
			continue
		}
		if best, err = io.ReadAll(part); err != nil {
			return nil, err
		}
	}
	if best == nil {
		return nil, fmt.Errorf("multipart/alternative: no part with SDP of our time")
	}
	return best, nil
}
