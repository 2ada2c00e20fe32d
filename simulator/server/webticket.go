package server

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"rehearse/simulator/sipauth"
)

// The paths of the web ticket service. What it is asked at is the second; the first
// with "/mex" behind it says so.
const (
	ticketPath = "/WebTicket/WebTicketService.svc"
	ticketAuth = ticketPath + "/Auth"
)

// webTicketLife is how long a web ticket is good.
const webTicketLife = 8 * time.Hour

// webTickets are what the web ticket service gave out, [MS-OCAUTHWS]: SAML assertions
// with a key that both sides know.
type webTickets struct {
	mu     sync.Mutex
	issued map[string]webTicket // by AssertionID
}

type webTicket struct {
	user, assertion string
	key             []byte // proves possession
	expires         time.Time
}

// check is the ticket that a value of X-MS-WebTicket stands for.
func (t *webTickets) check(header string, now time.Time) (webTicket, bool) {
	text, ok := strings.CutPrefix(header, "opaque=")
	assertion, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil {
		return webTicket{}, false
	}
	return t.find(string(assertion), now)
}

// find is the ticket of an assertion, which has to be the very text that was given
// out.
func (t *webTickets) find(assertion string, now time.Time) (webTicket, bool) {
	var doc struct {
		ID string `xml:"AssertionID,attr"`
	}
	if xml.Unmarshal([]byte(assertion), &doc) != nil {
		return webTicket{}, false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	found := t.issued[doc.ID]
	return found, found.assertion == assertion && now.Before(found.expires)
}

// issue makes a ticket. The key comes of both sides' entropy.
func (t *webTickets) issue(user, issuer, audience string, clientEntropy, serverEntropy []byte, now time.Time) webTicket {
	id := "SamlSecurityToken-" + hex.EncodeToString(random(16))
	ticket := webTicket{user: user, key: pSHA1(clientEntropy, serverEntropy, 32), expires: now.Add(webTicketLife)}
	ticket.assertion = strings.TrimPrefix(string(document(
		`<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:1.0:assertion" MajorVersion="1" MinorVersion="1" AssertionID="%s" Issuer="%s" IssueInstant="%s">`+
			`<saml:Conditions NotBefore="%[3]s" NotOnOrAfter="%[4]s"><saml:AudienceRestrictionCondition><saml:Audience>%[5]s</saml:Audience></saml:AudienceRestrictionCondition></saml:Conditions>`+
			`<saml:AuthenticationStatement AuthenticationMethod="urn:oasis:names:tc:SAML:1.0:am:password" AuthenticationInstant="%[3]s">`+
			`<saml:Subject><saml:NameIdentifier Format="http://schemas.xmlsoap.org/ws/2005/05/identity/claims/uri">sip:%[6]s</saml:NameIdentifier>`+
			`<saml:SubjectConfirmation><saml:ConfirmationMethod>urn:oasis:names:tc:SAML:1.0:cm:holder-of-key</saml:ConfirmationMethod></saml:SubjectConfirmation></saml:Subject>`+
			`</saml:AuthenticationStatement></saml:Assertion>`,
		id, issuer, xmlTime(now), xmlTime(ticket.expires), audience, user)), xml.Header)
	t.mu.Lock()
	defer t.mu.Unlock()
	for old, other := range t.issued {
		if !now.Before(other.expires) {
			delete(t.issued, old)
		}
	}
	t.issued[id] = ticket
	return ticket
}

func xmlTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// pSHA1 is P_SHA1 of TLS 1.0 over both sides' entropy, as WS-Trust 1.3 has it.
func pSHA1(secret, seed []byte, size int) []byte {
	mac := func(parts ...[]byte) []byte {
		h := hmac.New(sha1.New, secret)
		for _, p := range parts {
			h.Write(p)
		}
		return h.Sum(nil)
	}
	var out []byte
	for a := mac(seed); len(out) < size; a = mac(a) {
		out = append(out, mac(a, seed)...)
	}
	return out[:size]
}

// serveTickets puts the web ticket service at its paths.
func (e *Estate) serveTickets(mux *http.ServeMux) {
	mux.HandleFunc("GET "+ticketPath+"/mex", e.describeTickets)
	mux.HandleFunc("POST "+ticketAuth, e.issueTicket)
}

// describeTickets says where and how tickets are to be had.
func (e *Estate) describeTickets(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	_, _ = w.Write(document(`<wsdl:definitions name="WebTicketService" targetNamespace="http://tempuri.org/" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" `+
		`xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:tns="http://tempuri.org/"><wsdl:service name="WebTicketService">`+
		`<wsdl:port name="WebTicketServiceWinNegotiate" binding="tns:WebTicketServiceWinNegotiate"><soap:address location="%s"/></wsdl:port>`+
		`</wsdl:service></wsdl:definitions>`, "https://"+e.authority("web", 443)+ticketAuth))
}

// ticketRequest is a RequestSecurityToken, [MS-OCAUTHWS] 3.1.4.
type ticketRequest struct {
	Body struct {
		Request struct {
			Context  string `xml:"Context,attr"`
			Audience string `xml:"AppliesTo>EndpointReference>Address"`
			Claim    string `xml:"Claims>ClaimType>Value"`
			Entropy  string `xml:"Entropy>BinarySecret"`
		} `xml:"RequestSecurityToken"`
	}
}

// maxTicketRequest is the longest request for a ticket, in bytes.
const maxTicketRequest = 64 << 10

// issueTicket gives a ticket to a user who proves the password by NTLM.
func (e *Estate) issueTicket(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxTicketRequest))
	if err != nil {
		return
	}
	user, ok := e.webUser(w, r)
	if !ok {
		return
	}
	var req ticketRequest
	entropy := []byte{}
	if err = xml.Unmarshal(body, &req); err == nil {
		entropy, err = base64.StdEncoding.DecodeString(req.Body.Request.Entropy)
	}
	asked := req.Body.Request
	switch {
	case err != nil || len(entropy) == 0:
		soapFault(w, "no RequestSecurityToken with entropy")
		return
	case !strings.EqualFold(strings.TrimPrefix(asked.Claim, "sip:"), user):
		soapFault(w, asked.Claim+" is not "+user)
		return
	}
	mine := random(32)
	now := e.Now()
	ticket := e.webTickets.issue(user, "https://"+e.authority("web", 443)+ticketPath, asked.Audience, entropy, mine, now)
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	answer := document(`<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>`+
		`<RequestSecurityTokenResponseCollection xmlns="http://docs.oasis-open.org/ws-sx/ws-trust/200512"><RequestSecurityTokenResponse Context="%s">`+
		`<TokenType>http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV1.1</TokenType>`+
		`<RequestedSecurityToken>`, asked.Context)
	answer = append(answer, ticket.assertion...)
	rest := document(`</RequestedSecurityToken>`+
		`<Lifetime xmlns:wsu="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"><wsu:Created>%s</wsu:Created><wsu:Expires>%s</wsu:Expires></Lifetime>`+
		`<Entropy><BinarySecret>%s</BinarySecret></Entropy><KeySize>256</KeySize>`+
		`</RequestSecurityTokenResponse></RequestSecurityTokenResponseCollection></s:Body></s:Envelope>`,
		xmlTime(now), xmlTime(ticket.expires), base64Of(mine))
	_, _ = w.Write(append(answer, strings.TrimPrefix(string(rest), xml.Header)...))
}

// soapFault refuses a request to a web service.
func soapFault(w http.ResponseWriter, reason string) {
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	w.WriteHeader(http.StatusInternalServerError)
	_, _ = w.Write(document(`<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode>s:Client</faultcode>`+
		`<faultstring>%s</faultstring></s:Fault></s:Body></s:Envelope>`, reason))
}

// webUser is the user of a connection that was authenticated by NTLM; where it was
// not, the challenge has been sent.
func (e *Estate) webUser(w http.ResponseWriter, r *http.Request) (string, bool) {
	auth := e.webAuth(r)
	verdict, challenge, _ := auth.Authorize(r.Header.Get("Authorization"))
	if verdict != sipauth.Accepted {
		w.Header().Set("WWW-Authenticate", challenge)
		http.Error(w, "You must authenticate.", http.StatusUnauthorized)
		return "", false
	}
	return e.account(auth.Account()), true
}

// webAuth is the NTLM context of a request's connection.
func (e *Estate) webAuth(r *http.Request) *sipauth.WebServer {
	at := r.Context().Value(connKey{}).(*fedConn)
	if at.auth == nil { // one request of a connection is served at a time
		at.auth = sipauth.NewWebServer(e.authConfig(e.hosts[Web].Name()))
	}
	return at.auth
}
