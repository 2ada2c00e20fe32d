package server

import (
	"encoding/xml"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/emiago/sipgo/sip"
)

// The kinds of media of a conference, as session types of its document.
const (
	chat       = "chat"
	audioVideo = "audio-video"
)

// conference is one meeting: its focus, with who takes part and who watches.
type conference struct {
	uri, id, organizer string

	mu       sync.Mutex
	version  int
	members  []*member
	watchers []watcher
	chat     []watcher // the calls with the IM conferencing server
}

// member is one participant.
type member struct {
	user, endpoint string
	media          map[string]bool
}

// watcher is one subscription to the conference's document, or one call.
type watcher struct {
	session *session
	dialog  *dialog
}

// focusOf cuts a conference URI apart: "sip:alice@contoso.test;gruu;opaque=app:
// conf:KIND:id:ID".
func focusOf(uri string) (organizer, kind, id string, ok bool) {
	address, rest, ok := strings.Cut(uri, ";gruu;opaque=app:conf:")
	if !ok {
		return "", "", "", false
	}
	organizer = strings.ToLower(strings.TrimPrefix(address, "sip:"))
	kind, id, ok = strings.Cut(rest, ":id:")
	return organizer, kind, id, ok
}

// conference is the meeting that a URI of any of its servers names, nil when
// there is none. A user's meeting begins with the first who asks for it.
//
// Modelled: every user has meetings of any id.
func (f *frontEnd) conference(uri string) *conference {
	organizer, _, id, ok := focusOf(uri)
	if _, known := f.Users[organizer]; !ok || !known {
		return nil
	}
	focus := FocusURI(organizer, id)
	f.mu.Lock()
	defer f.mu.Unlock()
	c := f.conferences[focus]
	if c == nil {
		c = &conference{uri: focus, id: id, organizer: organizer}
		f.conferences[focus] = c
	}
	return c
}

// at is the URI of one of the conference's servers.
func (c *conference) at(kind string) string {
	return strings.Replace(c.uri, ":conf:focus:", ":conf:"+kind+":", 1)
}

// join enters a participant.
func (c *conference) join(user, endpoint string) {
	c.change(func() bool {
		if c.find(user) != nil {
			return false
		}
		c.members = append(c.members, &member{user: user, endpoint: endpoint, media: make(map[string]bool)})
		return true
	})
}

// leave takes a participant out.
func (c *conference) leave(user string) {
	c.change(func() bool {
		before := len(c.members)
		c.members = slices.DeleteFunc(c.members, func(m *member) bool { return m.user == user })
		return len(c.members) != before
	})
}

// media notes that a participant's media are connected, or are not any more.
func (c *conference) media(user, kind string, connected bool) {
	c.change(func() bool {
		m := c.find(user)
		if m == nil || m.media[kind] == connected {
			return false
		}
		m.media[kind] = connected
		return true
	})
}

// watch enters a subscription, or takes it out.
func (c *conference) watch(s *session, d *dialog, on bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.watchers = slices.DeleteFunc(c.watchers, func(w watcher) bool { return w.dialog == d })
	if on {
		c.watchers = append(c.watchers, watcher{s, d})
	}
}

// change tells all watchers when f changed something.
func (c *conference) change(f func() bool) {
	c.mu.Lock()
	var told []watcher
	if f() {
		c.version++
		told = slices.Clone(c.watchers)
	}
	doc := c.document()
	c.mu.Unlock()
	for _, w := range told {
		w.session.notify(w.dialog, "application/conference-info+xml", "active", doc)
	}
}

func (c *conference) find(user string) *member {
	i := slices.IndexFunc(c.members, func(m *member) bool { return m.user == user })
	if i < 0 {
		return nil
	}
	return c.members[i]
}

// conferenceInfo is the state that a subscriber to a focus gets.
func (s *session) conferenceInfo(req *sip.Request) []byte {
	c := s.conference(about(req))
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.document()
}

// infoDocument is a conference-info document, RFC 4575 with the additions of
// [MS-CONFBAS].
type infoDocument struct {
	XMLName     xml.Name `xml:"urn:ietf:params:xml:ns:conference-info conference-info"`
	Entity      string   `xml:"entity,attr"`
	State       string   `xml:"state,attr"`
	Version     string   `xml:"version,attr"`
	Description struct {
		Subject string      `xml:"subject"`
		URIs    []infoEntry `xml:"conf-uris>entry"`
	} `xml:"conference-description"`
	Count int        `xml:"conference-state>user-count"`
	Users []infoUser `xml:"users>user"`
}

type infoEntry struct {
	URI     string `xml:"uri"`
	Purpose string `xml:"purpose"`
}

type infoUser struct {
	Entity    string         `xml:"entity,attr"`
	State     string         `xml:"state,attr"`
	Name      string         `xml:"display-text"`
	Roles     []string       `xml:"roles>entry"`
	Endpoints []infoEndpoint `xml:"endpoint"`
}

type infoEndpoint struct {
	Entity      string `xml:"entity,attr"`
	SessionType string `xml:"http://schemas.microsoft.com/rtc/2005/08/confinfoextensions session-type,attr"`
	Status      string `xml:"status"`
}

// document is the conference's state now. The caller holds c.mu.
func (c *conference) document() []byte {
	doc := infoDocument{Entity: c.uri, State: "full", Version: strconv.Itoa(c.version + 1), Count: len(c.members)}
	doc.Description.Subject = c.id
	for _, kind := range []string{chat, audioVideo} {
		doc.Description.URIs = append(doc.Description.URIs, infoEntry{c.at(kind), kind})
	}
	for _, m := range c.members {
		name, _, _ := strings.Cut(m.user, "@")
		u := infoUser{Entity: "sip:" + m.user, State: "full", Name: name, Roles: []string{"attendee"}}
		if m.user == c.organizer {
			u.Roles = []string{"presenter"}
		}
		u.Endpoints = append(u.Endpoints, infoEndpoint{m.endpoint, "focus", "connected"})
		for _, kind := range []string{chat, audioVideo} {
			if m.media[kind] {
				u.Endpoints = append(u.Endpoints, infoEndpoint{m.endpoint, kind, "connected"})
			}
		}
		doc.Users = append(doc.Users, u)
	}
	body, err := marshal(doc)
	if err != nil {
		return nil // only for types that cannot be marshalled
	}
	return body
}
