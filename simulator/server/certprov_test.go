package server_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"math/big"
	"net/http"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/reports/journal"
	"rehearse/simulator/sipauth"
)

var _ = Describe("certificate provisioning", Ordered, func() {
	const service = webBase + "/CertProv/CertProvisioningService.svc"
	var key *rsa.PrivateKey
	BeforeAll(func() {
		var err error
		key, err = rsa.GenerateKey(rand.Reader, 2048)
		Expect(err).NotTo(HaveOccurred())
	})

	between := func(text, from, to string) string {
		GinkgoHelper()
		_, rest, ok := strings.Cut(text, from)
		Expect(ok).To(BeTrue(), "%s in %s", from, text)
		inner, _, _ := strings.Cut(rest, to)
		return inner
	}
	// ask is a GetAndPublishCert with the proof of a ticket's key.
	ask := func(answer, entity string, proof []byte) string {
		GinkgoHelper()
		request, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: "alice@contoso.test"}}, key)
		Expect(err).NotTo(HaveOccurred())
		stamp := `<wsu:Timestamp xmlns:wsu="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd" wsu:Id="timestamp">` +
			between(answer, `wssecurity-utility-1.0.xsd">`, "</Lifetime>") + `</wsu:Timestamp>`
		digest := sha1.Sum([]byte(stamp))
		info := `<SignedInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></CanonicalizationMethod>` +
			`<SignatureMethod Algorithm="http://www.w3.org/2000/09/xmldsig#hmac-sha1"></SignatureMethod><Reference URI="#timestamp"><DigestValue>` +
			base64.StdEncoding.EncodeToString(digest[:]) + `</DigestValue></Reference></SignedInfo>`
		mac := hmac.New(sha1.New, proof)
		mac.Write([]byte(info))
		return `<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" xmlns:wsse="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"><soap:Header><wsse:Security>` +
			stamp + assertion(answer) + `<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"> ` + info + ` <SignatureValue>` + base64.StdEncoding.EncodeToString(mac.Sum(nil)) + `</SignatureValue></Signature></wsse:Security></soap:Header>` +
			`<soap:Body><GetAndPublishCert xmlns="http://schemas.microsoft.com/OCS/AuthWebServices/" xmlns:wst="http://docs.oasis-open.org/ws-sx/ws-trust/200512/" DeviceId="{34d859db-6585-5f91-a3b4-de853c15347d}" Entity="` + entity + `">` +
			`<wst:RequestSecurityToken><wsse:BinarySecurityToken>` + "\r\n" + base64.StdEncoding.EncodeToString(request) + `</wsse:BinarySecurityToken></wst:RequestSecurityToken></GetAndPublishCert></soap:Body></soap:Envelope>`
	}
	// proofKey is P_SHA1 of both sides' entropy, written down by the book (RFC 2246 5).
	proofKey := func(answer string) []byte {
		seed, err := base64.StdEncoding.DecodeString(between(answer, "<BinarySecret>", "</BinarySecret>"))
		Expect(err).NotTo(HaveOccurred())
		mac := func(b []byte) []byte {
			h := hmac.New(sha1.New, make([]byte, 32))
			h.Write(b)
			return h.Sum(nil)
		}
		a1 := mac(seed)
		a2 := mac(a1)
		return append(mac(append(bytes.Clone(a1), seed...)), mac(append(bytes.Clone(a2), seed...))...)[:32]
	}

	It("gives a certificate for a web ticket and proof of its key, with which users sign in", func() {
		withTickets(func(s *stage, c *http.Client) {
			_, body := request(c, "GET", service+"/mex", "")
			Expect(body).To(SatisfyAll(ContainSubstring(`wsu:Id="CertProvisioningServiceWebTicketProof_SHA1_policy"`), ContainSubstring("<wsa:Address>"+ticketService+"</wsa:Address>"),
				ContainSubstring(`<wsdl:port name="CertProvisioningServiceWebTicketProof_SHA1"`), ContainSubstring(`location="`+service+`/WebTicket_Proof_SHA1"`)))
			_, answer := prove(c, "secret", "alice@contoso.test")
			res, body := request(c, "POST", service+"/WebTicket_Proof_SHA1", ask(answer, "alice@contoso.test", proofKey(answer)))
			Expect(res.StatusCode).To(Equal(200), body)
			token := between(body, "<BinarySecurityToken ", "</BinarySecurityToken>")
			der, err := base64.StdEncoding.DecodeString(token[strings.Index(token, ">")+1:])
			Expect(err).NotTo(HaveOccurred())
			cert, err := x509.ParseCertificate(der)
			Expect(err).NotTo(HaveOccurred())
			Expect(cert.Subject.CommonName).To(Equal("alice@contoso.test"))
			Expect(cert.NotAfter).To(BeTemporally("~", time.Now().Add(180*24*time.Hour), time.Minute))

			p := newPhone(s.dialTLS(s.Endpoints()["sip"]), "alice@contoso.test", "")
			p.auth = sipauth.NewClient(sipauth.ClientConfig{User: p.user, Now: time.Now, Certificate: &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}})
			for round := range 3 {
				offered := values(p.ask(401, p.register()), "WWW-Authenticate")
				Expect(p.auth.Challenge(offered[len(offered)-1])).To(Succeed())
				Expect(offered).To(HaveLen(max(1, 2-round)))
			}
			p.ask(200, p.register())
			p.ask(200, p.request("OPTIONS", "sip:contoso.test", "<sip:contoso.test>", "o", nil, ""))
			Expect(of[journal.SIPSent](s, front)).To(ContainElements(
				journal.SIPSent{Line: "401 Unauthorized", Note: "TLS-DSK challenge, round 2"}, journal.SIPSent{Line: "401 Unauthorized", Note: "TLS-DSK challenge, round 3"}))
		})
	})

	It("gives none without a ticket, without its key, or for somebody else", func() {
		withTickets(func(s *stage, c *http.Client) {
			_, answer := prove(c, "secret", "alice@contoso.test")
			for body, fault := range map[string]string{
				ask(answer, "alice@contoso.test", make([]byte, 32)):                                       "the signature is not that of the web ticket&#39;s key",
				ask(answer, "bob@contoso.test", proofKey(answer)):                                         "bob@contoso.test is not alice@contoso.test",
				strings.ReplaceAll(ask(answer, "alice@contoso.test", proofKey(answer)), "alice@", "bob@"): "no web ticket that is good here",
				"nonsense": "no web ticket that is good here",
			} {
				res, said := request(c, "POST", service+"/WebTicket_Proof_SHA1", body)
				Expect(res.StatusCode).To(Equal(500))
				Expect(said).To(ContainSubstring(fault))
			}
		})
	})

	It("is not what another's certificate is good for", func() {
		withTickets(func(s *stage, c *http.Client) {
			template := &x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "alice@contoso.test"}, NotBefore: time.Now(), NotAfter: time.Now().Add(time.Hour)}
			der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
			Expect(err).NotTo(HaveOccurred())
			p := newPhone(s.dialTLS(s.Endpoints()["sip"]), "alice@contoso.test", "")
			p.auth = sipauth.NewClient(sipauth.ClientConfig{User: p.user, Now: time.Now, Certificate: &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}})
			defer p.auth.Close()
			for range 2 {
				offered := values(p.ask(401, p.register()), "WWW-Authenticate")
				Expect(p.auth.Challenge(offered[len(offered)-1])).To(Succeed())
			}
			Expect(values(p.ask(401, p.register()), "WWW-Authenticate")).To(HaveLen(2), "from the beginning")
		})
	})

	It("is not there where it is not wanted", func() {
		onStage(func(s *stage) {
			status, _, _ := s.fetch(service + "/mex")
			Expect(status).To(Equal(404))
			p := newPhone(s.dialTLS(s.Endpoints()["sip"]), "alice@contoso.test", "")
			Expect(values(p.ask(401, p.register()), "WWW-Authenticate")).To(HaveLen(1))
		})
	})
})
