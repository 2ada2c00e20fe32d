package client

import (
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"strings"

	"rehearse/reports/journal"
)

// mrasType is the type of MRAS documents, [MS-AVEDGEA] 2.2.
const mrasType = "application/msrtc-media-relay-auth+xml"

// mrasMinutes is how long the credentials are asked to be good.
const mrasMinutes = 480

type mrasResponse struct {
	XMLName     xml.Name `xml:"response"`
	Reason      string   `xml:"reasonPhrase,attr"`
	Credentials struct {
		Username string `xml:"credentials>username"` // base64
		Password string `xml:"credentials>password"` // base64
		Relays   []struct {
			Host    string `xml:"hostName"`
			UDPPort uint16 `xml:"udpPort"`
			TCPPort uint16 `xml:"tcpPort"`
		} `xml:"mediaRelayList>mediaRelay"`
	} `xml:"credentialsResponse"`
}

// relays asks MRAS for media relays and credentials, [MS-AVEDGEA]. An answer that
// gives none is a *stop.
func (w *walk) relays(s *session) ([]relayAt, error) {
	w.reach(s.flow.name, journal.StageRelay)
	if s.homes.mras == "" {
		return nil, w.refuse(codeNoRelay, "provisioning has no mrasUri")
	}
	body := document(`<request xmlns="http://schemas.microsoft.com/2006/09/sip/mrasp" requestID="1" from="%s" version="1.0" to="%s">`+
		`<credentialsRequest credentialsRequestID="1"><identity>%s</identity><location>internet</location><duration>%s</duration></credentialsRequest></request>`,
		s.id.uri, s.homes.mras, s.id.uri, fmt.Sprint(mrasMinutes))
	res, err := s.ask(w, &request{dialog: newDialog(s.homes.mras), method: "SERVICE", content: mrasType, body: body})
	if err != nil {
		return nil, err
	}
	if !is2xx(res) {
		return nil, w.sipRefusal(res)
	}
	var doc mrasResponse
	if err := xml.Unmarshal(res.Body(), &doc); err != nil {
		return nil, w.abort(codeProtocol, "MRAS document: "+err.Error())
	}
	username, err1 := base64.StdEncoding.DecodeString(doc.Credentials.Username)
	password, err2 := base64.StdEncoding.DecodeString(doc.Credentials.Password)
	if doc.Reason != "OK" || err1 != nil || err2 != nil || len(doc.Credentials.Relays) == 0 {
		return nil, w.refuse(codeNoRelay, "MRAS said "+doc.Reason)
	}
	var all []relayAt
	for _, r := range doc.Credentials.Relays {
		all = append(all, relayAt{host: r.Host, udpPort: r.UDPPort, tcpPort: r.TCPPort, username: username, password: password})
	}
	return all, nil
}

// document fills a document's %s with texts, each escaped.
func document(format string, texts ...string) string {
	escaped := make([]any, len(texts))
	for i, t := range texts {
		var b strings.Builder
		_ = xml.EscapeText(&b, []byte(t)) // a strings.Builder takes everything
		escaped[i] = b.String()
	}
	return xml.Header + fmt.Sprintf(format, escaped...)
}
