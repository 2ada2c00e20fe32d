package client

import (
	"bufio"
	"crypto/rand"
	"encoding/base64"
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"strings"

	"rehearse/simulator/sipauth"
)

// withTicket gets a page of a service that asked for a web ticket, [MS-OCAUTHWS]: the
// ticket service says where tickets are given out, the client proves its password
// there, and shows the ticket with the request.
func (w *walk) withTicket(refused *page, u *url.URL, header http.Header) (*page, error) {
	service, err := url.Parse(refused.Header.Get("X-MS-WebTicketURL"))
	if err != nil || service.Scheme != "https" || service.Host == "" {
		return refused, nil // the service does not say where
	}
	ticket, err := w.webTicket(service, u.String())
	if err != nil {
		return nil, err
	}
	header = header.Clone()
	header["X-MS-WebTicket"] = []string{"opaque=" + base64.StdEncoding.EncodeToString(ticket)}
	return w.get(u, header)
}

// ticketService is the description of a web ticket service, a WSDL document.
type ticketService struct {
	Ports []struct {
		Name    string `xml:"name,attr"`
		Address struct {
			Location string `xml:"location,attr"`
		} `xml:"address"`
	} `xml:"service>port"`
}

// ticketRequest asks for a SAML 1.1 assertion about a user, WS-Trust 1.3.
const ticketRequest = `<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" xmlns:wst="http://docs.oasis-open.org/ws-sx/ws-trust/200512"` +
	` xmlns:auth="http://schemas.xmlsoap.org/ws/2006/12/authorization" xmlns:wsa="http://www.w3.org/2005/08/addressing" xmlns:wsp="http://schemas.xmlsoap.org/ws/2004/09/policy">` +
	`<soap:Body><wst:RequestSecurityToken><wst:TokenType>http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV1.1</wst:TokenType>` +
	`<wst:RequestType>http://docs.oasis-open.org/ws-sx/ws-trust/200512/Issue</wst:RequestType>` +
	`<wsp:AppliesTo><wsa:EndpointReference><wsa:Address>%s</wsa:Address></wsa:EndpointReference></wsp:AppliesTo>` +
	`<wst:Claims Dialect="urn:component:Microsoft.Rtc.WebAuthentication.2010:authclaims"><auth:ClaimType Uri="http://schemas.xmlsoap.org/ws/2005/05/identity/claims/uri" Optional="false">` +
	`<auth:Value>sip:%s</auth:Value></auth:ClaimType></wst:Claims><wst:Entropy><wst:BinarySecret>%s</wst:BinarySecret></wst:Entropy>` +
	`<wst:KeyType>http://docs.oasis-open.org/ws-sx/ws-trust/200512/SymmetricKey</wst:KeyType></wst:RequestSecurityToken></soap:Body></soap:Envelope>`

// ticketAnswer is what comes back. The assertion is taken as it is written.
type ticketAnswer struct {
	Token struct {
		Assertion []byte `xml:",innerxml"`
	} `xml:"Body>RequestSecurityTokenResponseCollection>RequestSecurityTokenResponse>RequestedSecurityToken"`
}

// webTicket gets a ticket for a service at audience.
func (w *walk) webTicket(service *url.URL, audience string) ([]byte, error) {
	p, err := w.get(service.JoinPath("mex"), http.Header{"Accept": {"text/xml"}})
	if err != nil {
		return nil, err
	}
	if p.StatusCode != http.StatusOK {
		return nil, w.refuse(bodyCode(p.body, p.StatusCode), "the web ticket service")
	}
	var doc ticketService
	if err := xml.Unmarshal(p.body, &doc); err != nil {
		return nil, w.abort(codeProtocol, "no description of a web ticket service")
	}
	for _, port := range doc.Ports {
		at, err := url.Parse(port.Address.Location)
		if port.Name == "WebTicketServiceWinNegotiate" && err == nil && at.Scheme == "https" {
			return w.proveAt(at, audience)
		}
	}
	return nil, w.abort(codeProtocol, "the web ticket service does not take a password")
}

// proveAt asks for the ticket, and answers the challenge on the same connection:
// NTLM over HTTP authenticates connections.
func (w *walk) proveAt(u *url.URL, audience string) ([]byte, error) {
	conn, f, err := w.openTLS(u)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	defer w.limit(f, httpLimit)()
	entropy := make([]byte, 32)
	rand.Read(entropy) // never fails
	body := document(ticketRequest, audience, w.conf.User, base64.StdEncoding.EncodeToString(entropy))
	in := bufio.NewReader(conn)
	authorization := ""
	for range 3 {
		p, err := w.post(conn, in, f.name, u, body, authorization)
		switch {
		case err != nil:
			return nil, err
		case p.StatusCode == http.StatusOK:
			var doc ticketAnswer
			if xml.Unmarshal(p.body, &doc) != nil || len(doc.Token.Assertion) == 0 {
				return nil, w.abort(codeProtocol, "no web ticket in the answer")
			}
			return doc.Token.Assertion, nil
		case p.StatusCode != http.StatusUnauthorized:
			return nil, w.refuse(bodyCode(p.body, p.StatusCode), "the web ticket service")
		case authorization == "":
			authorization = sipauth.WebNegotiate()
		default:
			conf := sipauth.ClientConfig{User: w.conf.User, Password: w.conf.Password, Now: w.conf.Now}
			if authorization, err = sipauth.WebAnswer(p.Header.Get("WWW-Authenticate"), conf); err != nil {
				return nil, w.refuse("http_401", "the web ticket service: "+err.Error())
			}
		}
	}
	return nil, w.refuse("http_401", "the web ticket service")
}

// post sends a SOAP request on a connection that stays.
func (w *walk) post(conn io.Writer, in *bufio.Reader, flow string, u *url.URL, body, authorization string) (*page, error) {
	req := &http.Request{
		Method: http.MethodPost, URL: u, Host: u.Host, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
		Header: http.Header{"User-Agent": {w.conf.Profile.UserAgent}, "Content-Type": {"text/xml; charset=utf-8"},
			"SOAPAction": {`"http://docs.oasis-open.org/ws-sx/ws-trust/200512/RST/Issue"`}},
	}
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	p, err := transact(conn, in, req, req.Write)
	w.exchanged(flow, req.Method, u.String(), p, err)
	return p, err
}
