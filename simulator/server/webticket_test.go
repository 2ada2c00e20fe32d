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

var _ = Describe("the web ticket service", func() {
	const web = "https://webdir.online.lync.com"
	const service = web + "/WebTicket/WebTicketService.svc"
	const user = web + "/Autodiscover/AutodiscoverService.svc/root/user"

	withTickets := func(f func(s *stage, c *http.Client)) {
		GinkgoHelper()
		worldtest.World(GinkgoTB(), world.Config{}, func(w *world.Memory) {
			s := newStage(w, func(c *server.Config) { c.WebTickets = true })
			defer s.Close()
			c := s.browser()
			c.Transport.(*http.Transport).DisableKeepAlives = false
			defer c.CloseIdleConnections()
			f(s, c)
		})
	}
	ask := func(c *http.Client, method, url, body string, header ...string) *http.Response {
		GinkgoHelper()
		req, err := http.NewRequest(method, url, strings.NewReader(body))
		Expect(err).NotTo(HaveOccurred())
		for i := 0; i < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		res, err := c.Do(req)
		Expect(err).NotTo(HaveOccurred())
		text, err := io.ReadAll(res.Body)
		Expect(err).NotTo(HaveOccurred())
		res.Body = io.NopCloser(strings.NewReader(string(text)))
		return res
	}
	text := func(res *http.Response) string {
		b, _ := io.ReadAll(res.Body)
		return string(b)
	}
	// request is what pidgin-sipe sends.
	request := func(claim string) string {
		return `<?xml version="1.0"?>` + "\r\n" + `<soap:Envelope xmlns:saml="urn:oasis:names:tc:SAML:1.0:assertion" xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" xmlns:wst="http://docs.oasis-open.org/ws-sx/ws-trust/200512" xmlns:auth="http://schemas.xmlsoap.org/ws/2006/12/authorization" xmlns:wsa="http://www.w3.org/2005/08/addressing" xmlns:wsp="http://schemas.xmlsoap.org/ws/2004/09/policy"> <soap:Body>` +
			`<wst:RequestSecurityToken Context="1"> <wst:TokenType>http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV1.1</wst:TokenType> <wsp:AppliesTo>  <wsa:EndpointReference>   <wsa:Address>` + user + `</wsa:Address>  </wsa:EndpointReference> </wsp:AppliesTo>` +
			` <wst:Claims Dialect="urn:component:Microsoft.Rtc.WebAuthentication.2010:authclaims">  <auth:ClaimType Uri="http://schemas.xmlsoap.org/ws/2005/05/identity/claims/uri" Optional="false">   <auth:Value>sip:` + claim + `</auth:Value>  </auth:ClaimType> </wst:Claims>` +
			` <wst:Entropy>  <wst:BinarySecret>` + base64.StdEncoding.EncodeToString(make([]byte, 32)) + `</wst:BinarySecret> </wst:Entropy></wst:RequestSecurityToken></soap:Body></soap:Envelope>`
	}
	// prove asks for a ticket by NTLM.
	prove := func(c *http.Client, password, claim string) *http.Response {
		GinkgoHelper()
		res := ask(c, "POST", service+"/Auth", request(claim))
		Expect(res.StatusCode).To(Equal(401))
		Expect(res.Header.Get("WWW-Authenticate")).To(Equal("NTLM"))
		res = ask(c, "POST", service+"/Auth", request(claim), "Authorization", sipauth.WebNegotiate())
		answer, err := sipauth.WebAnswer(res.Header.Get("WWW-Authenticate"), sipauth.ClientConfig{User: "alice@contoso.test", Password: password, Now: time.Now})
		Expect(err).NotTo(HaveOccurred())
		return ask(c, "POST", service+"/Auth", request(claim), "Authorization", answer)
	}
	assertion := func(body string) string {
		begin, end := strings.Index(body, "<saml:Assertion"), strings.Index(body, "</RequestedSecurityToken>")
		return body[begin:end]
	}
	show := func(c *http.Client, assertion string) *http.Response {
		return ask(c, "GET", user, "", "X-MS-WebTicket", "opaque="+base64.StdEncoding.EncodeToString([]byte(assertion)))
	}

	It("is what discovery points to, and gives tickets that discovery takes", func() {
		withTickets(func(s *stage, c *http.Client) {
			res := ask(c, "GET", user, "")
			Expect(res.StatusCode).To(Equal(401))
			Expect(res.Header.Get("X-MS-WebTicketURL")).To(Equal(service))
			Expect(res.Header.Values("WWW-Authenticate")).To(BeEmpty())
			Expect(text(ask(c, "GET", service+"/mex", ""))).To(ContainSubstring(`<wsdl:port name="WebTicketServiceWinNegotiate" binding="tns:WebTicketServiceWinNegotiate"><soap:address location="` + service + `/Auth"/>`))
			res = prove(c, "secret", "alice@contoso.test")
			Expect(res.StatusCode).To(Equal(200))
			body := text(res)
			Expect(body).To(SatisfyAll(ContainSubstring("<BinarySecret>"), ContainSubstring("<wsu:Expires>"), ContainSubstring("sip:alice@contoso.test")))
			Expect(text(show(c, assertion(body)))).To(ContainSubstring("SipClientExternalAccess"))
		})
	})

	It("gives none for a wrong password, nor for somebody else", func() {
		withTickets(func(s *stage, c *http.Client) {
			Expect(prove(c, "guess", "alice@contoso.test").StatusCode).To(Equal(401))
		})
		withTickets(func(s *stage, c *http.Client) {
			res := prove(c, "secret", "bob@contoso.test")
			Expect(res.StatusCode).To(Equal(500))
			Expect(text(res)).To(ContainSubstring("sip:bob@contoso.test is not alice@contoso.test"))
		})
	})

	It("gives tickets that are good for eight hours, and as they are only", func() {
		withTickets(func(s *stage, c *http.Client) {
			ticket := assertion(text(prove(c, "secret", "alice@contoso.test")))
			Expect(show(c, strings.Replace(ticket, "alice", "bob", 1)).StatusCode).To(Equal(401))
			Expect(show(c, "nonsense").StatusCode).To(Equal(401))
			Expect(show(c, ticket).StatusCode).To(Equal(200))
			time.Sleep(8 * time.Hour)
			Expect(show(c, ticket).StatusCode).To(Equal(401))
		})
	})
})
