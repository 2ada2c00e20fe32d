package server_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/wire/tlshello"
	"rehearse/reports/journal"
	"rehearse/simulator/server"
)

const webHost = "webdir.online.lync.com"

// browser is a web client on the client host.
func (s *stage) browser() *http.Client {
	return &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			return s.client.Dial(ctx, network, addr)
		},
		TLSClientConfig: &tls.Config{RootCAs: s.pki.Roots(), Time: time.Now}, DisableKeepAlives: true,
	}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// fetch gets a page.
func (s *stage) fetch(url string) (status int, contentType, body string) {
	GinkgoHelper()
	res, err := s.browser().Get(url)
	Expect(err).NotTo(HaveOccurred())
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	Expect(err).NotTo(HaveOccurred())
	return res.StatusCode, res.Header.Get("Content-Type"), string(b)
}

var _ = Describe("the web services", func() {
	for _, root := range []string{
		"http://lyncdiscoverinternal.contoso.test/?sipuri=alice@contoso.test", "https://lyncdiscoverinternal.contoso.test/?sipuri=alice@contoso.test",
		"http://lyncdiscover.contoso.test/", "https://lyncdiscover.contoso.test/",
		"https://webdir.online.lync.com/Autodiscover/AutodiscoverService.svc/root",
	} {
		It("discover the server from "+root, func() {
			onStage(func(s *stage) {
				status, kind, body := s.fetch(root)
				Expect(status).To(Equal(200))
				Expect(kind).To(HavePrefix("application/vnd.microsoft.rtc.autodiscover+xml"))
				Expect(body).To(ContainSubstring(`<AutodiscoverResponse AccessLocation="External"><Root><Link token="User" href="https://webdir.online.lync.com/Autodiscover/AutodiscoverService.svc/root/user"></Link></Root>`))
				_, _, body = s.fetch("https://webdir.online.lync.com/Autodiscover/AutodiscoverService.svc/root/user")
				Expect(body).To(ContainSubstring(`<SipClientExternalAccess fqdn="sipdir.online.lync.com" port="443">`))
			})
		})
	}

	It("lead from a meeting's page to the meeting", func() {
		onStage(func(s *stage) {
			url := s.MeetingURL("alice@contoso.test", "weekly")
			Expect(url).To(Equal("https://meet.lync.com/contoso.test/alice/weekly"))
			status, _, body := s.fetch(url)
			Expect(status).To(Equal(200))
			Expect(body).To(ContainSubstring(`href="conf:sip:alice@contoso.test;gruu;opaque=app:conf:focus:id:weekly?required-media=audio"`))
			Expect(body).To(ContainSubstring(`var domainOwnerJoinLauncherUrl = "";`))
			status, _, _ = s.fetch(s.MeetingURL("nobody@contoso.test", "weekly"))
			Expect(status).To(Equal(404))
		})
	})

	It("serve the revocation status of the public PKI", func() {
		onStage(func(s *stage) {
			status, _, body := s.fetch("http://pki.test/crl/issuing.crl")
			Expect(status).To(Equal(200))
			_, err := x509.ParseRevocationList([]byte(body))
			Expect(err).NotTo(HaveOccurred())
			Expect(of[journal.HTTPExchanged](s, "pki.test")).To(ConsistOf(journal.HTTPExchanged{Method: "GET", URL: "http://pki.test/crl/issuing.crl", Status: 200}))
		})
	})

	It("can answer with a status, and late", func() {
		onStage(func(s *stage) {
			s.mustImpose(server.Fault{Server: server.Web, Kind: "status", Value: "503"})
			lift := s.mustImpose(server.Fault{Server: webHost, Kind: "slow", Delay: 15 * time.Second})
			began := time.Now()
			status, _, _ := s.fetch("https://lyncdiscover.contoso.test/")
			Expect(status).To(Equal(503))
			Expect(time.Since(began)).To(BeNumerically("~", 15*time.Second, time.Second))
			lift()
			began = time.Now()
			s.fetch("https://lyncdiscover.contoso.test/")
			Expect(time.Since(began)).To(BeNumerically("<", time.Second))
		})
	})
})

var _ = Describe("faults of TLS", func() {
	// handshake is what a careful client's handshake with the access edge ends in.
	handshake := func(s *stage) error {
		GinkgoHelper()
		c := s.dialTo(s.Endpoints()["sip443"])
		defer c.Close()
		_ = c.SetDeadline(time.Now().Add(time.Minute))
		return tls.Client(c, s.trust(front)).Handshake()
	}

	It("answer a hello with an alert", func() {
		onStage(func(s *stage) {
			s.mustImpose(server.Fault{Server: server.SIP, Kind: "alert", Value: "40"})
			code, received, ok := tlshello.AlertOf(handshake(s))
			Expect([]any{code, received, ok}).To(Equal([]any{uint8(40), true, true}))
			Expect(of[journal.AlertSent](s, front)).To(ConsistOf(journal.AlertSent{Code: 40, Name: "handshake_failure"}))
		})
	})

	It("say nothing, or close, or stop inside a record", func() {
		onStage(func(s *stage) {
			lift := s.mustImpose(server.Fault{Server: server.SIP, Kind: "silent"})
			began := time.Now()
			Expect(handshake(s)).To(MatchError(ContainSubstring("i/o timeout")))
			Expect(time.Since(began)).To(BeNumerically("~", time.Minute, time.Second))
			lift()
			lift = s.mustImpose(server.Fault{Server: server.SIP, Kind: "close"})
			Expect(handshake(s)).To(MatchError(io.EOF))
			lift()
			lift = s.mustImpose(server.Fault{Server: server.SIP, Kind: "cut_record"})
			Expect(handshake(s)).To(MatchError(io.ErrUnexpectedEOF))
			lift()
			Expect(handshake(s)).To(Succeed())
		})
	})

	It("show certificates that are wrong", func() {
		onStage(func(s *stage) {
			var invalid x509.CertificateInvalidError
			lift := s.mustImpose(server.Fault{Server: server.SIP, Kind: "certificate_expired"})
			Expect(errors.As(handshake(s), &invalid)).To(BeTrue())
			Expect(invalid.Reason).To(Equal(x509.Expired))
			lift()
			var name x509.HostnameError
			lift = s.mustImpose(server.Fault{Server: server.SIP, Kind: "certificate_wrong_name"})
			Expect(errors.As(handshake(s), &name)).To(BeTrue())
			lift()
			var unknown x509.UnknownAuthorityError
			lift = s.mustImpose(server.Fault{Server: server.SIP, Kind: "certificate_untrusted"})
			Expect(errors.As(handshake(s), &unknown)).To(BeTrue())
			lift()
			s.mustImpose(server.Fault{Server: server.SIP, Kind: "certificate_no_pointers"})
			leaf := s.dialTLS(s.Endpoints()["sip"]).ConnectionState().PeerCertificates[0]
			Expect(append(leaf.OCSPServer, leaf.CRLDistributionPoints...)).To(BeEmpty())
			Expect(of[journal.AlertSent](s, front)).To(ContainElement(journal.AlertSent{Received: true, Code: 42, Name: "bad_certificate"}))
		})
	})

	It("revoke a certificate", func() {
		onStage(func(s *stage) {
			leaf := s.dialTLS(s.Endpoints()["sip"]).ConnectionState().PeerCertificates[0]
			listed := func() bool {
				_, _, body := s.fetch(leaf.CRLDistributionPoints[0])
				list, err := x509.ParseRevocationList([]byte(body))
				Expect(err).NotTo(HaveOccurred())
				for _, e := range list.RevokedCertificateEntries {
					if e.SerialNumber.Cmp(leaf.SerialNumber) == 0 {
						return true
					}
				}
				return false
			}
			lift := s.mustImpose(server.Fault{Server: server.SIP, Kind: "certificate_revoked"})
			Expect(listed()).To(BeTrue())
			lift()
			Expect(listed()).To(BeFalse())
		})
	})

	It("are refused when they make no sense", func() {
		onStage(func(s *stage) {
			for want, f := range map[string]server.Fault{
				`server fault "alert": value "x", want the number of a TLS alert, 0 to 255`: {Server: server.SIP, Kind: "alert", Value: "x"},
				`server fault "status": value "200", want a status from 300 to 699 first`:   {Server: server.SIP, Kind: "status", Value: "200"},
				`server fault "silent": value "1", want none`:                               {Server: server.SIP, Kind: "silent", Value: "1"},
			} {
				_, err := s.Impose(f)
				Expect(err).To(MatchError(want))
			}
			_, err := s.Impose(server.Fault{Server: "sipp", Kind: "slow"})
			Expect(err).To(MatchError(ContainSubstring(`server "sipp", want one of avedge.online.lync.com, `)))
			_, err = s.Impose(server.Fault{Server: front, Kind: "edge_full"})
			Expect(err).To(MatchError(`server fault "edge_full": not for "sipdir.online.lync.com", want one of edge`))
			_, err = s.Impose(server.Fault{Server: server.SIP, Kind: "sloow"})
			Expect(err).To(MatchError(ContainSubstring(`server fault "sloow", want one of "status", "slow", `)))
		})
	})
})
