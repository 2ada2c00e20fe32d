package accesslog_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/accesslog"
)

func TestAccessLog(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "accesslog")
}

func header() accesslog.Header {
	return accesslog.Header{
		Software: "SGOS 6.7.5.14", Serial: "0071997075", Appliance: "DMOP07-VM", Addr: netip.MustParseAddr("172.28.244.165"), Log: "Arcsight",
		Time: time.Date(2024, 3, 22, 16, 24, 15, 0, time.UTC),
	}
}

// lines writes records in a format and gives the log, line by line.
func lines(format string, major int, records ...accesslog.Record) []string {
	f, err := accesslog.FormatNamed(format, major)
	Expect(err).NotTo(HaveOccurred())
	var b bytes.Buffer
	l, err := accesslog.New(&b, f, header(), 0x2aaf931f4d5c270c)
	Expect(err).NotTo(HaveOccurred())
	for _, r := range records {
		Expect(l.Write(&r)).To(Succeed())
	}
	return strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
}

// row is the one record's line.
func row(format string, major int, r accesslog.Record) string {
	all := lines(format, major, r)
	return all[len(all)-1]
}

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

func at(s string) time.Time {
	t, err := time.Parse(time.DateTime, s)
	Expect(err).NotTo(HaveOccurred())
	return t
}

var _ = Describe("a log's head", func() {
	It("is that of public samples", func() {
		Expect(lines("ssl", 6)).To(Equal([]string{
			"#Software: SGOS 6.7.5.14",
			"#Version: 1.0",
			"#Start-Date: 2024-03-22 16:24:15",
			"#Date: 2024-03-22 16:24:15",
			"#Fields: date time time-taken c-ip s-action x-rs-certificate-validate-status x-rs-certificate-observed-errors cs-host s-hierarchy " +
				"s-supplier-name x-rs-connection-negotiated-ssl-version x-rs-connection-negotiated-cipher x-rs-connection-negotiated-cipher-size " +
				"x-rs-certificate-hostname x-rs-certificate-hostname-category x-cs-connection-negotiated-ssl-version x-cs-connection-negotiated-cipher " +
				"x-cs-connection-negotiated-cipher-size x-cs-certificate-subject s-ip s-sitename",
			`#Remark: 0071997075 "DMOP07-VM" "172.28.244.165" "Arcsight"`,
		}))
	})

	It("names the fields of SGOS 6 and of SGOS 7", func() {
		fields := func(major int) string {
			f, err := accesslog.FormatNamed("bcreportermain_v1", major)
			Expect(err).NotTo(HaveOccurred())
			return strings.Join(f.Fields(), " ")
		}
		Expect(fields(6)).To(Equal("date time time-taken c-ip cs-username cs-auth-group s-supplier-name s-supplier-ip s-supplier-country " +
			"s-supplier-failures x-exception-id sc-filter-result cs-categories cs(Referer) sc-status s-action cs-method rs(Content-Type) " +
			"cs-uri-scheme cs-host cs-uri-port cs-uri-path cs-uri-query cs-uri-extension cs(User-Agent) s-ip sc-bytes cs-bytes x-virus-id " +
			"x-bluecoat-application-name x-bluecoat-application-operation x-bluecoat-application-groups cs-threat-risk " +
			"x-bluecoat-transaction-uuid x-icap-reqmod-header(X-ICAP-Metadata) x-icap-respmod-header(X-ICAP-Metadata)"))
		Expect(fields(7)).To(ContainSubstring("x-virus-id cs-threat-source cs-threat-id rs-threat-source rs-threat-id x-bluecoat-application-name"))
	})

	It("is refused for a format that there is not, in words", func() {
		_, err := accesslog.FormatNamed("squid", 6)
		Expect(err).To(MatchError(`no access log format "squid"; there are bcreportermain_v1, bcreporterssl_v1, ssl`))
	})
})

// The lines are those of logs that others published.
var _ = Describe("a line is that of a public sample", func() {
	It("bcreportermain_v1 of SGOS 7.3: a request that was redirected", func() {
		Expect(row("bcreportermain_v1", 7, accesslog.Record{
			Time: at("2024-11-01 14:25:56"), Taken: time.Millisecond, Client: addr("10.0.1.2"), Server: addr("10.0.1.3"),
			Exception: "authentication_redirect_to_virtual_host", Denied: true, Categories: []string{"Web Infrastructure"},
			Status: 302, Action: "TCP_AUTH_REDIRECT", Method: "GET", Scheme: "http", Host: "www.msftconnecttest.com", Port: 80, Path: "/connecttest.txt",
			UserAgent: "Microsoft NCSI", Sent: 1033, Received: 111, Flow: 0x24996, FlowBegan: at("2024-11-01 14:25:56"),
		})).To(Equal(`2024-11-01 14:25:56 1 10.0.1.2 - - - - "None" - authentication_redirect_to_virtual_host DENIED "Web Infrastructure" -  302 ` +
			`TCP_AUTH_REDIRECT GET - "http" www.msftconnecttest.com 80 /connecttest.txt - txt "Microsoft NCSI" 10.0.1.3 1033 111 - - - - - ` +
			`"none" "none" "none" unavailable - - "2aaf931f4d5c270c-0000000000024996-000000006724e4f4" - -`))
	})

	It("bcreportermain_v1 of SGOS 6: a TLS flow that was tunnelled, up to what other services tell", func() {
		Expect(row("bcreportermain_v1", 6, accesslog.Record{
			Time: at("2015-11-30 06:34:27"), Taken: 30490 * time.Millisecond, Client: addr("192.168.23.241"), Server: addr("192.168.23.81"),
			Supplier: "192.168.23.238", SupplierAddr: addr("192.168.23.238"), Categories: []string{"Technology/Internet"},
			Action: "TUNNELED", Scheme: "ssl", Host: "cloud-dc.amp.sourcefire.com", Port: 443, Path: "/", Sent: 420, Received: 468,
		})).To(HavePrefix(`2015-11-30 06:34:27 30490 192.168.23.241 - - 192.168.23.238 192.168.23.238 None - - OBSERVED "Technology/Internet" -  0 ` +
			`TUNNELED unknown - ssl cloud-dc.amp.sourcefire.com 443 / - - - 192.168.23.81 420 468 - "none" "none" `))
	})

	It("bcreporterssl_v1 of SGOS 7.3: a TLS flow that was tunnelled, up to the threat risks", func() {
		Expect(row("bcreporterssl_v1", 7, accesslog.Record{
			Time: at("2024-11-01 13:26:47"), Taken: 63703 * time.Millisecond, Client: addr("10.0.1.1"), Server: addr("10.0.1.3"), User: "user1",
			Supplier: "secure.espn.com", SupplierAddr: addr("10.1.1.2"), Categories: []string{"Sports/Recreation"},
			Action: "TUNNELED", Scheme: "ssl", Host: "secure.espn.com", Port: 443, Sent: 42796, Received: 3174,
			ServerTLS:       accesslog.TLS{Version: tls.VersionTLS12, Cipher: tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256},
			CertificateHost: "a.espncdn.com", CertificateCategories: []string{"Content Delivery Networks"},
		})).To(HavePrefix(`2024-11-01 13:26:47 63703 10.0.1.1 user1 - secure.espn.com 10.1.1.2 "None" - - OBSERVED "Sports/Recreation" 0 ` +
			`TUNNELED unknown - "ssl" secure.espn.com 443 - - 10.0.1.3 42796 3174 - - - - - none - - high a.espncdn.com "Content Delivery Networks" `))
	})

	It("spells TLS as the log does", func() {
		Expect(row("ssl", 6, accesslog.Record{
			Time: at("2024-03-22 16:16:01"), Client: addr("2001:db8::1"), Server: addr("2001:db8::2"), Action: "FAILED", Host: "site.test", Site: "ssl.tunnel",
			ServerTLS:         accesslog.TLS{Version: tls.VersionTLS12, Cipher: tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384},
			ClientTLS:         accesslog.TLS{Version: tls.VersionTLS13, Cipher: tls.TLS_AES_128_GCM_SHA256},
			CertificateHost:   "site.test",
			CertificateErrors: []accesslog.CertificateError{accesslog.UntrustedIssuer, accesslog.Expired},
		})).To(Equal(`2024-03-22 16:16:01 0 2001:db8::1 FAILED CERT_UNTRUSTED_ISSUER untrusted-issuer;expired site.test - - ` +
			`TLSv1.2 ECDHE-RSA-AES256-GCM-SHA384 256 site.test "none" TLSv1.3 TLS_AES_128_GCM_SHA256 128 - 2001:db8::2 ssl.tunnel`))
	})
})

var _ = DescribeTable("names of cipher suites are OpenSSL's",
	func(id uint16, want string) {
		r := accesslog.Record{ServerTLS: accesslog.TLS{Version: tls.VersionTLS10, Cipher: id}}
		Expect(strings.Fields(row("ssl", 6, r))[11]).To(Equal(want))
	},
	Entry(nil, tls.TLS_RSA_WITH_AES_128_CBC_SHA, "AES128-SHA"),
	Entry(nil, tls.TLS_RSA_WITH_AES_256_GCM_SHA384, "AES256-GCM-SHA384"),
	Entry(nil, tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA, "DES-CBC3-SHA"),
	Entry(nil, tls.TLS_RSA_WITH_RC4_128_SHA, "RC4-SHA"),
	Entry(nil, tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA, "ECDHE-ECDSA-AES256-SHA"),
	Entry(nil, tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256, "ECDHE-RSA-AES128-SHA256"),
	Entry(nil, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, "ECDHE-RSA-CHACHA20-POLY1305"),
)

var _ = Describe("what clients send", func() {
	It("stays in its field", func() {
		got := row("bcreportermain_v1", 6, accesslog.Record{
			Method: "GET", Path: "/a b.html", Query: "q=\"x\"", Referer: "http://x/ y\n#Fields: forged", UserAgent: "a \"b\"\r\n2024 forged", ContentType: "text/html; charset=utf-8",
		})
		Expect(got).To(ContainSubstring(` http://x/%20y%0A#Fields:%20forged  0 - GET text/html;%20charset=utf-8 - - - /a%20b.html ?q=%22x%22 html "a %22b%22%0D%0A2024 forged" `))
	})
})

var _ = Describe("a disk that is full", func() {
	It("costs lines, not the shape of the others", func() {
		disk := &disk{room: 1 << 20}
		f, err := accesslog.FormatNamed("ssl", 6)
		Expect(err).NotTo(HaveOccurred())
		l, err := accesslog.New(disk, f, header(), 1)
		Expect(err).NotTo(HaveOccurred())
		disk.room = 10
		Expect(l.Write(&accesslog.Record{Action: "LOST"})).To(MatchError("full"))
		Expect(l.Write(&accesslog.Record{Action: "LOST"})).To(MatchError("full"))
		disk.room = 1 << 20
		Expect(l.Write(&accesslog.Record{Action: "KEPT"})).To(Succeed())
		Expect(l.Write(&accesslog.Record{Action: "KEPT"})).To(Succeed())
		all := strings.Split(strings.TrimSuffix(disk.String(), "\n"), "\n")
		Expect(all[len(all)-2:]).To(HaveEach(MatchRegexp(`^0001-01-01 00:00:00 0 - KEPT `)))
	})
})

// disk has room for so many bytes.
type disk struct {
	bytes.Buffer
	room int
}

func (d *disk) Write(b []byte) (int, error) {
	n := min(len(b), d.room)
	d.Buffer.Write(b[:n])
	if d.room -= n; n < len(b) {
		return n, errors.New("full")
	}
	return n, nil
}

// FuzzLine holds that no value of a client's adds a line or a field.
func FuzzLine(f *testing.F) {
	f.Add("Mozilla/5.0 (X)", "http://a/", "/x", "q")
	f.Add("\"", " ", "\n", "\x00")
	format, err := accesslog.FormatNamed("bcreportermain_v1", 7)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, agent, referer, path, query string) {
		var b bytes.Buffer
		l, err := accesslog.New(&b, format, accesslog.Header{}, 1)
		if err != nil {
			t.Fatal(err)
		}
		b.Reset()
		if err := l.Write(&accesslog.Record{UserAgent: agent, Referer: referer, Path: path, Query: query}); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(b.String(), "\n"); n != 1 {
			t.Fatalf("%d lines: %q", n, &b)
		}
		if n, want := split(strings.TrimSuffix(b.String(), "\n")), len(format.Fields()); n != want {
			t.Fatalf("%d fields, want %d: %q", n, want, &b)
		}
	})
}

// split counts the fields of a line: quotes hold blanks together.
func split(line string) (n int) {
	within, quoted := false, false
	for _, c := range []byte(line) {
		if c == '"' {
			quoted = !quoted
		}
		if c == ' ' && !quoted {
			within = false
			continue
		}
		if !within {
			n, within = n+1, true
		}
	}
	return n
}
