package client

import (
	"encoding/xml"
	"fmt"
	"strings"

	"github.com/emiago/sipgo/sip"

	"rehearse/reports/journal"
)

// cccpType is the type of C3P documents, [MS-CONFBAS].
const cccpType = "application/cccp+xml"

const addUser = `<request xmlns="urn:ietf:params:xml:ns:cccp" xmlns:ci="urn:ietf:params:xml:ns:conference-info" C3PVersion="1" to="%s" from="%s" requestId="1">` +
	`<addUser><conferenceKeys confEntity="%s"/><ci:user entity="%s"><ci:roles><ci:entry>attendee</ci:entry></ci:roles>` +
	`<ci:endpoint entity="{%s}"/></ci:user></addUser></request>`

// conferenceInfo is what the client reads of a conference's document.
type conferenceInfo struct {
	XMLName xml.Name `xml:"conference-info"`
	Entity  string   `xml:"entity,attr"`
	URIs    []struct {
		URI     string `xml:"uri"`
		Purpose string `xml:"purpose"`
	} `xml:"conference-description>conf-uris>entry"`
}

// enter joins the conference at its focus and learns where its audio is.
func (c *call) enter(w *walk) error {
	s := c.session
	w.reach(s.flow.name, journal.StageConference)
	c.focus = newDialog(c.meeting)
	res, err := s.invite(w, &request{dialog: c.focus, method: "INVITE", content: cccpType,
		body: document(addUser, c.meeting, s.id.uri, c.meeting, s.id.uri, s.id.uuid)})
	if err != nil {
		return err
	}
	var answer struct {
		XMLName xml.Name `xml:"response"`
		Code    string   `xml:"code,attr"`
	}
	if err := xml.Unmarshal(res.Body(), &answer); err != nil {
		return w.abort(codeProtocol, "C3P document: "+err.Error())
	}
	if answer.Code != "success" {
		return w.refuse(codeNoMeeting, "C3P code "+answer.Code)
	}
	c.watch = newDialog(c.meeting)
	body, err := s.subscription(w, c.watch, "conference", "", "application/conference-info+xml", "", "")
	if err != nil {
		return err
	}
	var info conferenceInfo
	if err := xml.Unmarshal(body, &info); err != nil || info.Entity != c.meeting {
		return w.abort(codeProtocol, "conference document of another meeting")
	}
	for _, e := range info.URIs {
		if e.Purpose == "audio-video" {
			c.audioURI = e.URI
		}
	}
	return nil
}

// dialAudio calls the A/V conferencing server with an offer.
func (c *call) dialAudio(w *walk) error {
	if c.audioURI == "" {
		return w.refuse(codeNoMedia, "the conference has no audio")
	}
	c.audio = newDialog(c.audioURI)
	res, err := c.session.invite(w, &request{dialog: c.audio, method: "INVITE", content: sdpType, body: c.offer()})
	if err != nil {
		return err
	}
	return c.answered(w, res.Body())
}

// invite sends an INVITE, acknowledges its final answer, and takes the dialog of
// one that is a success. Any other is a *stop.
func (s *session) invite(w *walk, r *request) (*sip.Response, error) {
	r.lines = append(r.lines, "Allow: INVITE, ACK, CANCEL, BYE, INFO, OPTIONS", "Supported: ms-conf-invite", "Supported: ms-early-media")
	res, err := s.ask(w, r)
	if err != nil {
		return nil, err
	}
	if is2xx(res) {
		r.establish(res)
	} else if _, tag := address(header(res, "To")); tag != "" {
		r.remoteTag = tag
	}
	if err := s.send(&request{dialog: r.dialog, method: "ACK", cseq: r.cseq}, nil); err != nil {
		return nil, s.broken(err)
	}
	if !is2xx(res) {
		return nil, w.sipRefusal(res)
	}
	return res, nil
}

// bye ends a dialog of the call; nil and one that never came about are passed over.
func (s *session) bye(w *walk, d *dialog) error {
	if d == nil || d.remoteTag == "" {
		return nil
	}
	_, err := s.ask(w, &request{dialog: d, method: "BYE"})
	return err
}

// hangUp leaves the conference: the audio, the subscription, the focus.
func (c *call) hangUp(w *walk) error {
	s := c.session
	w.reach(s.flow.name, journal.StageConference)
	if err := s.bye(w, c.audio); err != nil {
		return err
	}
	if c.watch != nil && c.watch.remoteTag != "" {
		if _, err := s.ask(w, &request{dialog: c.watch, method: "SUBSCRIBE", expires: "0", lines: []string{"Event: conference"}}); err != nil {
			return err
		}
	}
	return s.bye(w, c.focus)
}

// endpoint is how the offer names an address: "c=IN IP4 10.1.0.11".
func endpoint(addr string) string {
	family := "IP4"
	if strings.Contains(addr, ":") {
		family = "IP6"
	}
	return fmt.Sprintf("IN %s %s", family, addr)
}
