package flow_test

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/policy"
	"rehearse/proxy/policy/cpl"
	"rehearse/proxy/policy/flow"
)

func compiled(release, text string) *policy.Policy {
	f, diags := cpl.Parse("p", []byte(text))
	ExpectWithOffset(1, diags.HasErrors()).To(BeFalse(), "%v", diags)
	p, diags := policy.Compile([]*cpl.File{f}, policy.Options{Release: cpl.MustRelease(release)})
	ExpectWithOffset(1, p).NotTo(BeNil(), "%v", diags)
	return p
}

// flows are one flow of every shape to a host.
func flows(host string, fault flow.Fault) []*flow.Flow {
	var list []*flow.Flow
	for i, s := range flow.Shapes() {
		f := &flow.Flow{
			Service: s.Service, Connect: s.Connect, Speaks: s.Speaks, Inside: s.Inside,
			Client: netip.AddrFrom4([4]byte{10, 1, 1, byte(i + 1)}), Proxy: netip.MustParseAddr(applianceAddr), Time: time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC),
			Host: host, Port: 443, Address: netip.MustParseAddr(originAddr), Origin: flow.Origin{Fault: fault, TLS: "TLSV1.2", Cipher: "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"},
			ClientTLS: "TLSV1.2", ClientCipher: "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", Method: "GET", Path: "/", Status: 200,
		}
		f.Service.Port = port(i)
		if s.Speaks == flow.HTTP {
			f.Port = 80
		}
		list = append(list, f)
	}
	return list
}

// short is an outcome as the interceptor's journal can tell it.
func short(o flow.Outcome) string { return strings.TrimSpace(o.Name() + " " + o.ID) }

var _ = Describe("A flow led through a policy", func() {
	// same holds every shape of flow through a policy against the interceptor.
	same := func(p *policy.Policy, fault flow.Fault) {
		standing(p, fault == flow.Expired, func(st *stand) {
			for _, host := range origins() {
				for i, f := range flows(host, fault) {
					f.NoSNI = host == "lync.test" && i%2 == 1
					since := len(st.log.Log())
					st.play(i, f)
					time.Sleep(5 * time.Second)
					Expect(short(flow.Walk(p, f))).To(Equal(st.seen(since)), func() string {
						return fmt.Sprintf("%s, %s, no SNI %t\n%v", flow.Shapes()[i], host, f.NoSNI, st.log.Log()[since:])
					})
				}
			}
		})
	}

	It("ends as in the interceptor itself under every policy of the scenarios", func() {
		names, err := filepath.Glob(filepath.Join("..", "..", "..", "scenarios", "policy", "*.cpl"))
		Expect(err).NotTo(HaveOccurred())
		Expect(names).NotTo(BeEmpty())
		for _, name := range names {
			text, err := os.ReadFile(name)
			Expect(err).NotTo(HaveOccurred())
			same(compiled("6.5.10.1", string(text)), flow.Sound)
		}
	})

	DescribeTable("ends as in the interceptor itself, whatever its shape",
		func(release string, fault flow.Fault, lines ...string) {
			same(compiled(release, strings.Join(lines, "\n")+"\n"), fault)
		},
		Entry("no policy", "6.5.10.1", flow.Sound),
		Entry("no policy, denials", "6.5.10.1", flow.Sound, "<Proxy>", "url.domain=bad.test DENY"),
		Entry("no interception", "6.5.10.1", flow.Sound, "<SSL-Intercept>", "ssl.forward_proxy(no)", "<Proxy>", "url.domain=bad.test DENY"),
		Entry("https", "6.5.10.1", flow.Sound, "<SSL-Intercept>", "url.host.substring=lync ssl.forward_proxy(no)", "ssl.forward_proxy(https)", "<Proxy>", "url.domain=bad.test DENY"),
		Entry("https, before SNI and detection of SIPS", "6.5.5.1", flow.Sound, "<SSL-Intercept>", "url.host.substring=lync ssl.forward_proxy(no)", "ssl.forward_proxy(https)", "<Proxy>", "url.domain=bad.test DENY"),
		Entry("automatic", "6.5.10.1", flow.Sound, "<SSL-Intercept>", "ssl.forward_proxy(yes)", "<Proxy>", "url.domain=bad.test FORCE_DENY"),
		Entry("automatic, unknown protocols denied", "6.5.10.1", flow.Sound, "<SSL-Intercept>", "ssl.forward_proxy(yes)", "<Proxy>", "url.domain=bad.test detect_protocol(none)", "client.protocol=!ssl tunneled=yes DENY"),
		Entry("automatic, exempt in another layer", "6.5.10.1", flow.Sound, "<SSL-Intercept>", "ssl.forward_proxy(yes)", "<Proxy>", "url.domain=bad.test detect_protocol(none)", "<Proxy>", "client.protocol=!ssl tunneled=yes DENY"),
		Entry("detection of one protocol only", "6.5.10.1", flow.Sound, "<SSL-Intercept>", "ssl.forward_proxy(yes)", "<Proxy>", "url.domain=bad.test detect_protocol(ssl)", "url.domain=lync.test detect_protocol(http)", "client.protocol=ms-turn DENY"),
		Entry("STunnel", "6.5.10.1", flow.Sound, "<SSL-Intercept>", "ssl.forward_proxy(stunnel)", "<SSL>", "url.domain=bad.test DENY"),
		Entry("on exception with modes", "6.5.10.1", flow.Sound, "<SSL-Intercept>", "url.domain=bad.test ssl.forward_proxy(https, on_exception)", "ssl.forward_proxy(on_exception)", "<SSL>", "url.domain=bad.test DENY"),
		Entry("requests denied inside", "6.5.10.1", flow.Sound, "<SSL-Intercept>", "ssl.forward_proxy(yes)", "<Proxy>", "url.scheme=https url.domain=bad.test exception(content_filter_denied)", "http.response.code=200 url.domain=lync.test DENY"),
		Entry("tunnels allowed", "6.5.10.1", flow.Sound, "<Proxy>", "url.domain=bad.test ALLOW", "url.port=443 detect_protocol(none)"),
		Entry("an expired certificate", "6.5.10.1", flow.Expired, "<SSL-Intercept>", "url.domain=bad.test ssl.forward_proxy(no)", "ssl.forward_proxy(yes)", "<SSL>", "url.domain=lync.test server.certificate.validate(no)"),
		Entry("no access to servers", "6.5.10.1", flow.Sound, "<SSL-Intercept>", "ssl.forward_proxy(yes)", "<Proxy>", "url.domain=bad.test access_server(no)"),
		Entry("a redirect", "6.5.10.1", flow.Sound, "<SSL-Intercept>", "ssl.forward_proxy(https)", "<Proxy>", "url.domain=bad.test action.go(yes)",
			"define action go", `redirect(302, "https?://bad.test/(.*)", "https://good.test/$(1)")`, "end"),
	)
})
