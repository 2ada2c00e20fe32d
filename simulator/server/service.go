package server

import (
	"encoding/xml"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// service answers a SERVICE: relay credentials, what the conference factory can
// do, and publications, which are taken and forgotten.
func (s *session) service(req *sip.Request) *reply {
	switch kind := contentType(req); kind {
	case mrasType:
		return s.relayCredentials(req)
	case cccpType:
		return s.capabilities(req)
	case "application/msrtc-category-publish+xml", "application/msrtc-setcontainermembers+xml",
		"application/msrtc-presence-setsubscriber+xml":
		return &reply{status: 200, note: kind}
	default:
		return s.refuse(415, 0, "type "+kind)
	}
}

// contentType is a request's without parameters.
func contentType(req *sip.Request) string {
	t, _, _ := strings.Cut(headerValue(req, "Content-Type", "c"), ";")
	return strings.ToLower(strings.TrimSpace(t))
}

// cccpType is the type of C3P documents, [MS-CONFBAS].
const cccpType = "application/cccp+xml"

// cccpRequest is a C3P request: one of several commands.
type cccpRequest struct {
	XMLName      xml.Name `xml:"request"`
	ID           string   `xml:"requestId,attr"`
	From         string   `xml:"from,attr"`
	To           string   `xml:"to,attr"`
	Capabilities *struct {
	} `xml:"getConferencingCapabilities"`
	AddUser *struct {
		Keys struct {
			Entity string `xml:"confEntity,attr"`
		} `xml:"conferenceKeys"`
		User struct {
			Entity   string   `xml:"entity,attr"`
			Roles    []string `xml:"roles>entry"`
			Endpoint struct {
				Entity string `xml:"entity,attr"`
			} `xml:"endpoint"`
		} `xml:"user"`
	} `xml:"addUser"`
}

// cccp frames the body of a C3P response.
func cccp(req cccpRequest, from, code, format string, texts ...string) []byte {
	frame := `<response xmlns="urn:ietf:params:xml:ns:cccp" xmlns:ci="urn:ietf:params:xml:ns:conference-info" ` +
		`requestId="%s" C3PVersion="1" from="%s" to="%s" code="%s">` + format + `</response>`
	return document(frame, append([]string{req.ID, from, req.From, code}, texts...)...)
}

// capabilities answers what the conference factory is asked for.
func (s *session) capabilities(req *sip.Request) *reply {
	var c cccpRequest
	if err := xml.Unmarshal(req.Body(), &c); err != nil || c.Capabilities == nil {
		return s.refuse(400, 0, "want getConferencingCapabilities")
	}
	return &reply{status: 200, note: "conferencing capabilities", contentType: cccpType,
		body: cccp(c, s.factoryURI(s.user), "success",
			`<getConferencingCapabilities><mcu-types><mcuType>chat</mcuType><mcuType>audio-video</mcuType></mcu-types></getConferencingCapabilities>`)}
}

// mrasType is the type of MRAS documents, [MS-AVEDGEA] 2.2.
const mrasType = "application/msrtc-media-relay-auth+xml"

// mrasRequest asks for relay credentials.
type mrasRequest struct {
	XMLName     xml.Name `xml:"request"`
	ID          string   `xml:"requestID,attr"`
	From        string   `xml:"from,attr"`
	To          string   `xml:"to,attr"`
	Credentials []struct {
		ID       string `xml:"credentialsRequestID,attr"`
		Identity string `xml:"identity"`
		Location string `xml:"location"`
		Duration int    `xml:"duration"` // minutes
	} `xml:"credentialsRequest"`
}

// mrasResponse carries them.
type mrasResponse struct {
	XMLName       xml.Name          `xml:"http://schemas.microsoft.com/2006/09/sip/mrasp response"`
	ID            string            `xml:"requestID,attr"`
	Version       string            `xml:"version,attr"`
	ServerVersion string            `xml:"serverVersion,attr"`
	To            string            `xml:"to,attr"`
	From          string            `xml:"from,attr"`
	Reason        string            `xml:"reasonPhrase,attr"`
	Credentials   []mrasCredentials `xml:"credentialsResponse"`
}

type mrasCredentials struct {
	ID       string      `xml:"credentialsRequestID,attr"`
	Username string      `xml:"credentials>username"` // base64
	Password string      `xml:"credentials>password"` // base64
	Duration int         `xml:"credentials>duration"` // minutes
	Relays   []mrasRelay `xml:"mediaRelayList>mediaRelay"`
}

type mrasRelay struct {
	Location string `xml:"location"`
	HostName string `xml:"hostName"`
	UDPPort  uint16 `xml:"udpPort"`
	TCPPort  uint16 `xml:"tcpPort"`
}

// relayCredentials hands out credentials for the A/V edge.
func (s *session) relayCredentials(req *sip.Request) *reply {
	if r, fails := s.fails(MRAS); fails {
		return r
	}
	var m mrasRequest
	if err := xml.Unmarshal(req.Body(), &m); err != nil || len(m.Credentials) == 0 {
		return s.refuse(400, 0, "want credentialsRequest")
	}
	edge := s.endpoints["edge"]
	out := mrasResponse{ID: m.ID, Version: m.version(), ServerVersion: "2.0", To: m.From, From: m.To, Reason: "OK"}
	for _, c := range m.Credentials {
		issued := s.tickets.issue(s.Now(), c.Duration)
		out.Credentials = append(out.Credentials, mrasCredentials{
			ID: c.ID, Username: base64Of(issued.username), Password: base64Of(issued.password), Duration: issued.minutes,
			Relays: []mrasRelay{{location(c.Location), edge.Host, s.endpoints["edge-udp"].Port, edge.Port}},
		})
	}
	body, err := marshal(out)
	if err != nil {
		return s.refuse(500, 0, err.Error())
	}
	return &reply{status: 200, note: "relay credentials", contentType: mrasType, body: body}
}

func (mrasRequest) version() string { return "1.0" }

// location is where the relay is seen from, as asked.
func location(asked string) string {
	if asked == "intranet" {
		return asked
	}
	return "internet"
}
