package server_test

import (
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/simulator/server"
	"rehearse/simulator/sipauth"
	"rehearse/simulator/world"
	"rehearse/simulator/world/worldtest"
)

const (
	webBase       = "https://webdir.online.lync.com"
	ticketService = webBase + "/WebTicket/WebTicketService.svc"
	discoverUser  = webBase + "/Autodiscover/AutodiscoverService.svc/root/user"
)

// withTickets runs f with an estate that asks for web tickets, and a web client that
// keeps its connections.
func withTickets(f func(s *stage, c *http.Client)) {
	GinkgoHelper()
	worldtest.World(GinkgoTB(), world.Config{}, func(w *world.Memory) {
		s := newStage(w, func(c *server.Config) { c.WebTickets, c.Certificates = true, true })
		defer s.Close()
		c := s.browser()
		c.Transport.(*http.Transport).DisableKeepAlives = false
		defer c.CloseIdleConnections()
		f(s, c)
	})
}

// request makes one, with headers as pairs, and reads the answer.
func request(c *http.Client, method, url, body string, header ...string) (*http.Response, string) {
	GinkgoHelper()
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	Expect(err).NotTo(HaveOccurred())
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := c.Do(req)
	Expect(err).NotTo(HaveOccurred())
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	Expect(err).NotTo(HaveOccurred())
	return res, string(text)
}

// ticketRequest is what pidgin-sipe sends. Its entropy is 32 zeros.
func ticketRequest(claim string) string {
	return `<?xml version="1.0"?>` + "\r\n" + `<soap:Envelope xmlns:saml="urn:oasis:names:tc:SAML:1.0:assertion" xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" xmlns:wst="http://docs.oasis-open.org/ws-sx/ws-trust/200512" xmlns:auth="http://schemas.xmlsoap.org/ws/2006/12/authorization" xmlns:wsa="http://www.w3.org/2005/08/addressing" xmlns:wsp="http://schemas.xmlsoap.org/ws/2004/09/policy"> <soap:Body>` +
		`<wst:RequestSecurityToken Context="1"> <wst:TokenType>http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV1.1</wst:TokenType> <wsp:AppliesTo>  <wsa:EndpointReference>   <wsa:Address>` + discoverUser + `</wsa:Address>  </wsa:EndpointReference> </wsp:AppliesTo>` +
		` <wst:Claims Dialect="urn:component:Microsoft.Rtc.WebAuthentication.2010:authclaims">  <auth:ClaimType Uri="http://schemas.xmlsoap.org/ws/2005/05/identity/claims/uri" Optional="false">   <auth:Value>sip:` + claim + `</auth:Value>  </auth:ClaimType> </wst:Claims>` +
		` <wst:Entropy>  <wst:BinarySecret>` + base64.StdEncoding.EncodeToString(make([]byte, 32)) + `</wst:BinarySecret> </wst:Entropy></wst:RequestSecurityToken></soap:Body></soap:Envelope>`
}

// prove asks for a ticket by NTLM as alice.
func prove(c *http.Client, password, claim string) (*http.Response, string) {
	GinkgoHelper()
	res, _ := request(c, "POST", ticketService+"/Auth", ticketRequest(claim))
	Expect(res.StatusCode).To(Equal(401))
	Expect(res.Header.Get("WWW-Authenticate")).To(Equal("NTLM"))
	res, _ = request(c, "POST", ticketService+"/Auth", ticketRequest(claim), "Authorization", sipauth.WebNegotiate())
	answer, err := sipauth.WebAnswer(res.Header.Get("WWW-Authenticate"), sipauth.ClientConfig{User: "alice@contoso.test", Password: password, Now: time.Now})
	Expect(err).NotTo(HaveOccurred())
	return request(c, "POST", ticketService+"/Auth", ticketRequest(claim), "Authorization", answer)
}

// assertion is a ticket out of an answer.
func assertion(body string) string {
	begin, end := strings.Index(body, "<saml:Assertion"), strings.Index(body, "</RequestedSecurityToken>")
	return body[begin:end]
}

var _ = Describe("the web ticket service", func() {
	show := func(c *http.Client, assertion string) (int, string) {
		res, body := request(c, "GET", discoverUser, "", "X-MS-WebTicket", "opaque="+base64.StdEncoding.EncodeToString([]byte(assertion)))
		return res.StatusCode, body
	}

	It("is what discovery points to, and gives tickets that discovery takes", func() {
		withTickets(func(s *stage, c *http.Client) {
			res, _ := request(c, "GET", discoverUser, "")
			Expect(res.StatusCode).To(Equal(401))
			Expect(res.Header.Get("X-MS-WebTicketURL")).To(Equal(ticketService))
			Expect(res.Header.Values("WWW-Authenticate")).To(BeEmpty())
			_, body := request(c, "GET", ticketService+"/mex", "")
			Expect(body).To(ContainSubstring(`<wsdl:port name="WebTicketServiceWinNegotiate" binding="tns:WebTicketServiceWinNegotiate"><soap:address location="` + ticketService + `/Auth"/>`))
			res, body = prove(c, "secret", "alice@contoso.test")
			Expect(res.StatusCode).To(Equal(200))
			Expect(body).To(SatisfyAll(ContainSubstring("<BinarySecret>"), ContainSubstring("<wsu:Expires>"), ContainSubstring("sip:alice@contoso.test")))
			_, body = show(c, assertion(body))
			Expect(body).To(ContainSubstring("SipClientExternalAccess"))
		})
	})

	It("gives none for a wrong password, nor for somebody else", func() {
		withTickets(func(s *stage, c *http.Client) {
			res, _ := prove(c, "guess", "alice@contoso.test")
			Expect(res.StatusCode).To(Equal(401))
		})
		withTickets(func(s *stage, c *http.Client) {
			res, body := prove(c, "secret", "bob@contoso.test")
			Expect(res.StatusCode).To(Equal(500))
			Expect(body).To(ContainSubstring("sip:bob@contoso.test is not alice@contoso.test"))
		})
	})

	It("gives tickets that are good for eight hours, and as they are only", func() {
		withTickets(func(s *stage, c *http.Client) {
			status := func(ticket string) int {
				status, _ := show(c, ticket)
				return status
			}
			_, body := prove(c, "secret", "alice@contoso.test")
			ticket := assertion(body)
			Expect(status(strings.Replace(ticket, "alice", "bob", 1))).To(Equal(401))
			Expect(status("nonsense")).To(Equal(401))
			Expect(status(ticket)).To(Equal(200))
			time.Sleep(8 * time.Hour)
			Expect(status(ticket)).To(Equal(401))
		})
	})
})
