package client

import (
	"encoding/xml"
	"errors"
	"time"

	"github.com/emiago/sipgo/sip"

	"rehearse/reports/journal"
)

// provision is what a server tells a client about its services
// (vnd-microsoft-provisioning-v2, ServerConfiguration).
type provision struct {
	focusFactory string // SIP URI of the focus factory
	mras         string // SIP URI of the service that gives out relay credentials
}

type provisionDocument struct {
	Groups []struct {
		Name         string `xml:"name,attr"`
		FocusFactory string `xml:"focusFactoryUri"`
		MRAS         string `xml:"mrasUri"`
	} `xml:"provisionGroup"`
}

const provisionRequest = `<provisioningGroupList xmlns="http://schemas.microsoft.com/2006/09/sip/provisioninggrouplist">` +
	`<provisioningGroup name="ServerConfiguration"/><provisioningGroup name="meetingPolicy"/>` +
	`<provisioningGroup name="persistentChatConfiguration"/><provisioningGroup name="ucPolicy"/></provisioningGroupList>`

const roamingSelfRequest = `<roamingList xmlns="http://schemas.microsoft.com/2006/09/sip/roaming-self">` +
	`<roaming type="categories"/><roaming type="containers"/><roaming type="subscribers"/></roamingList>`

// subscribe sends what follows a registration, in the order measured with
// pidgin-sipe: contacts, provisioning, self. Only provisioning is needed; a
// server that has no contacts for the client says so, and that is that. A registrar
// of another make is not asked: neither does pidgin-sipe subscribe to what an answer
// to REGISTER does not list.
func (w *walk) subscribe(s *session) error {
	if !s.skype {
		return nil
	}
	w.reach(s.flow.name, journal.StageProvision)
	s.contacts, s.self = newDialog(s.id.uri), newDialog(s.id.uri)
	if _, err := s.subscription(w, s.contacts, "vnd-microsoft-roaming-contacts", "", "application/vnd-microsoft-roaming-contacts+xml", "", ""); err != nil {
		return err
	}
	body, err := s.subscription(w, newDialog(s.id.uri), "vnd-microsoft-provisioning-v2", "0",
		"application/vnd-microsoft-roaming-provisioning-v2+xml", "application/vnd-microsoft-roaming-provisioning-v2+xml", provisionRequest)
	if err != nil {
		return err
	}
	if err := s.homes.read(body); err != nil {
		return w.abort(codeProtocol, "provisioning document: "+err.Error())
	}
	_, err = s.subscription(w, s.self, "vnd-microsoft-roaming-self", "",
		"application/vnd-microsoft-roaming-self+xml", "application/vnd-microsoft-roaming-self+xml", roamingSelfRequest)
	return err
}

// subscription sends one SUBSCRIBE and gives the first notification's body, which
// comes in the answer (ms-piggyback-cseq) or in a message of its own.
func (s *session) subscription(w *walk, d *dialog, event, expires, accept, content, body string) ([]byte, error) {
	notes := s.listen(d.callID)
	defer s.deafen(d.callID)
	res, err := s.ask(w, &request{dialog: d, method: "SUBSCRIBE", expires: expires, content: content, body: body, lines: []string{
		"Event: " + event, "Accept: " + accept,
		"Supported: com.microsoft.autoextend", "Supported: ms-benotify", "Proxy-Require: ms-benotify", "Supported: ms-piggyback-first-notify",
	}})
	if err != nil {
		return nil, err
	}
	if res.StatusCode/100 != 2 {
		if event == "vnd-microsoft-provisioning-v2" || event == "conference" {
			return nil, w.sipRefusal(res)
		}
		return nil, nil
	}
	d.establish(res)
	if header(res, "ms-piggyback-cseq") != "" || event == "vnd-microsoft-roaming-contacts" || event == "vnd-microsoft-roaming-self" {
		return res.Body(), nil
	}
	return s.firstNote(w, notes)
}

// firstNote waits for a notification that did not come with the answer.
func (s *session) firstNote(w *walk, notes <-chan []byte) ([]byte, error) {
	const limit = 10 * time.Second // modelled
	t := time.NewTimer(limit)
	defer t.Stop()
	select {
	case body := <-notes:
		return body, nil
	case <-s.done:
		return nil, s.err
	case <-w.ctx.Done():
		return nil, w.ctx.Err()
	case <-t.C:
		return nil, &stop{result: journal.Timeout, code: codeTimeout, note: "no notification"}
	}
}

func (s *session) listen(callID string) <-chan []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := make(chan []byte, 4)
	s.notes[callID] = c
	return c
}

func (s *session) deafen(callID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.notes, callID)
}

// read takes the addresses from a provisioning document; an empty one has none.
func (p *provision) read(body []byte) error {
	if len(body) == 0 {
		return errors.New("it is empty")
	}
	var doc provisionDocument
	if err := xml.Unmarshal(body, &doc); err != nil {
		return err
	}
	for _, g := range doc.Groups {
		if g.Name == "ServerConfiguration" {
			p.focusFactory, p.mras = g.FocusFactory, g.MRAS
		}
	}
	return nil
}

// unsubscribe ends the session's subscriptions, in good manners only: no answer
// changes anything.
func (s *session) unsubscribe(w *walk) error {
	for _, sub := range []struct {
		d     *dialog
		event string
	}{{s.contacts, "vnd-microsoft-roaming-contacts"}, {s.self, "vnd-microsoft-roaming-self"}} {
		if sub.d == nil || sub.d.remoteTag == "" {
			continue
		}
		if _, err := s.ask(w, &request{dialog: sub.d, method: "SUBSCRIBE", expires: "0", lines: []string{"Event: " + sub.event}}); err != nil {
			return err
		}
	}
	return nil
}

// is2xx says whether an answer is a success.
func is2xx(res *sip.Response) bool { return res.StatusCode/100 == 2 }
