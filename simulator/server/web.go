package server

import (
	"encoding/xml"
	"html/template"
	"net/http"
	"strings"

	"rehearse/simulator/world"
)

// startStatus serves the public PKI's CRLs and OCSP answers.
func startStatus(e *Estate, h world.Host) error {
	return e.serve("status", h, 80, newWeb(e.core, Status, h, e.PKI.Handler()).over(nil))
}

// discoveryType is the type of all autodiscover documents, [MS-OCDISCWS].
const discoveryType = "application/vnd.microsoft.rtc.autodiscover+xml;v=1"

// The paths of the discovery service. Autodiscover is asked for at "/" as well.
const (
	rootPath = "/Autodiscover/AutodiscoverService.svc/root"
	userPath = rootPath + "/user"
)

// startWeb serves discovery, over HTTP and HTTPS, under the names that a client
// tries first.
func startWeb(e *Estate, h world.Host) error {
	names := []string{h.Name(), "lyncdiscover." + e.Domain, "lyncdiscoverinternal." + e.Domain}
	for _, n := range names[1:] {
		e.World.SetA(n, h.Addr())
	}
	id, err := newIdentity(e.core, Web, names)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", e.discoverRoot)
	mux.HandleFunc("GET "+rootPath, e.discoverRoot)
	mux.HandleFunc("GET "+userPath, e.discoverUser)
	e.serveTickets(mux)
	if e.Certificates {
		if e.userCA, err = newUserCA(e.Now); err != nil {
			return err
		}
		e.serveProvisioning(mux)
	}
	w := newWeb(e.core, Web, h, mux)
	if err := e.serve("web", h, 443, w.over(id)); err != nil {
		return err
	}
	return e.serve("web80", h, 80, w.over(nil))
}

// autodiscoverResponse is the document of every step of discovery.
type autodiscoverResponse struct {
	XMLName        xml.Name `xml:"AutodiscoverResponse"`
	AccessLocation string   `xml:",attr"`
	Root           *links   `xml:",omitempty"`
	User           *userLinks
}

type link struct {
	Token string `xml:"token,attr"`
	Href  string `xml:"href,attr"`
}

type links struct {
	Link []link
}

type sipServer struct {
	FQDN string `xml:"fqdn,attr"`
	Port uint16 `xml:"port,attr"`
}

type userLinks struct {
	SipServerExternalAccess, SipClientExternalAccess *sipServer
	Link                                             []link
}

// discoverRoot is the first step, which nobody needs to sign in for.
func (e *Estate) discoverRoot(w http.ResponseWriter, r *http.Request) {
	base := "https://" + e.authority("web", 443)
	writeXML(w, discoveryType, autodiscoverResponse{AccessLocation: "External", Root: &links{[]link{
		{"User", base + userPath},
	}}})
}

// discoverUser says where the user signs in, with Config.WebTickets to who has a web
// ticket. The estate is a hosted one: its clients come from outside, and only that
// access is named.
func (e *Estate) discoverUser(w http.ResponseWriter, r *http.Request) {
	if _, ok := e.webTickets.check(r.Header.Get("X-MS-WebTicket"), e.Now()); e.WebTickets && !ok {
		w.Header().Set("X-MS-WebTicketURL", "https://"+e.authority("web", 443)+ticketPath)
		w.Header().Set("X-MS-WebTicketSupported", "saml")
		http.Error(w, "A web ticket is needed.", http.StatusUnauthorized)
		return
	}
	at := e.endpoints["sip443"]
	access := &sipServer{at.Host, at.Port}
	writeXML(w, discoveryType, autodiscoverResponse{AccessLocation: "External", User: &userLinks{
		SipServerExternalAccess: access, SipClientExternalAccess: access,
	}})
}

func writeXML(w http.ResponseWriter, contentType string, doc any) {
	body, err := marshal(doc)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", contentType)
	_, _ = w.Write(body)
}

// marshal writes a document with its XML declaration.
func marshal(doc any) ([]byte, error) {
	body, err := xml.Marshal(doc)
	return append([]byte(xml.Header), body...), err
}

// meetPage is what a join URL shows: enough of the real page for a client, and a
// browser, to find the meeting's address.
func meetPage() *template.Template {
	return template.Must(template.New("meet").Parse(`<!DOCTYPE html>
<html><head><title>Skype for Business</title>
<script type="text/javascript">
var lyncLaunchLink = "{{.Conf}}";
var domainOwnerJoinLauncherUrl = "";
</script></head>
<body><p><a href="{{.Conf}}">Join the meeting</a></p></body></html>
`))
}

// startMeet serves the meeting pages.
func startMeet(e *Estate, h world.Host) error {
	names := []string{h.Name(), "meet." + e.Domain}
	e.World.SetA(names[1], h.Addr())
	id, err := newIdentity(e.core, Meet, names)
	if err != nil {
		return err
	}
	page := meetPage()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{domain}/{user}/{id}", func(w http.ResponseWriter, r *http.Request) {
		organizer := r.PathValue("user") + "@" + r.PathValue("domain")
		if _, ok := e.Users[strings.ToLower(organizer)]; !ok {
			http.Error(w, "no such meeting", http.StatusNotFound)
			return
		}
		// The scheme is no web scheme, which html/template would not let through.
		conf := template.URL("conf:" + FocusURI(organizer, r.PathValue("id")) + "?required-media=audio")
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_ = page.Execute(w, struct{ Conf template.URL }{conf})
	})
	return e.serve("meet", h, 443, newWeb(e.core, Meet, h, mux).over(id))
}
