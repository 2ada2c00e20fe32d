package server

import (
	"fmt"
	"slices"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// joinChat connects a participant to the IM conferencing server: what one of them
// says the others get.
func (s *session) joinChat(req *sip.Request, c *conference) *reply {
	d := s.dialog(req.CallID().Value())
	if d == nil {
		d = s.newDialog(req)
		d.conference, d.chat = c, true
	}
	sdp := fmt.Sprintf("v=0\r\no=- 0 0 IN IP4 %[1]s\r\ns=session\r\nc=IN IP4 %[1]s\r\nt=0 0\r\nm=message %d sip %s\r\na=accept-types:text/plain\r\n",
		s.endpoints["sip"].Addr, s.endpoints["sip"].Port, c.at(chat))
	s.answer(req, s.called(d, sdpType, []byte(sdp), "in the conference's chat"))
	c.talk(s, d, true)
	c.media(s.user, chat, true)
	return nil
}

// talk enters a participant's call with the IM conferencing server, or takes it out.
func (c *conference) talk(s *session, d *dialog, on bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.chat = slices.DeleteFunc(c.chat, func(w watcher) bool { return w.dialog == d })
	if on {
		c.chat = append(c.chat, watcher{s, d})
	}
}

// others are the calls with the IM conferencing server but for one.
func (c *conference) others(than *dialog) []watcher {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(c.chat), func(w watcher) bool { return w.dialog == than })
}

// message answers a MESSAGE, or an INFO about who types. One in a conference's chat
// goes on to all others there, with who said it in ms-sender, for From is the
// conference.
func (s *session) message(req *sip.Request) *reply {
	d := s.dialog(req.CallID().Value())
	switch {
	case d == nil && req.Method == sip.MESSAGE && tagOf(req) == "" && !strings.Contains(about(req), ":conf:"):
		return s.toUser(req)
	case d == nil:
		return s.refuse(481, 0, "")
	case !d.chat:
		return &reply{status: 200}
	}
	others := d.conference.others(d)
	s.answer(req, &reply{status: 200, note: fmt.Sprintf("to %d others", len(others))})
	for _, o := range others {
		o.session.deliver(o.dialog, req, s.user)
	}
	return nil
}

// deliver sends what a participant said to another one. Others than the reading
// goroutine call it.
func (s *session) deliver(d *dialog, said *sip.Request, by string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d.cseq++
	req := s.toClient(d, said.Method)
	req.AppendHeader(sip.NewHeader("Contact", "<"+d.localURI()+">;isfocus"))
	req.AppendHeader(sip.NewHeader("ms-sender", "<sip:"+by+">"))
	if kind := headerValue(said, "Content-Type", "c"); kind != "" {
		req.AppendHeader(sip.NewHeader("Content-Type", kind))
	}
	req.SetBody(said.Body())
	s.send(req, "from "+by)
}
