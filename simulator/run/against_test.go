package run_test

import (
	"bufio"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy"
	"rehearse/proxy/emulate"
	"rehearse/proxy/policy"
	"rehearse/proxy/policy/cpl"
	"rehearse/reports"
	"rehearse/simulator/foreign"
	"rehearse/simulator/pki"
	"rehearse/simulator/run"
	"rehearse/simulator/scenario"
)

// exitHost is the network of an interceptor that reaches all servers by a proxy above
// it.
type exitHost struct{ exit netip.AddrPort }

func (exitHost) Name() string { return "foreign" }

// Resolve gives an address that nobody uses: the proxy above knows better.
func (exitHost) Resolve(context.Context, string) ([]netip.Addr, error) {
	return []netip.Addr{netip.MustParseAddr("192.0.2.1")}, nil
}

func (h exitHost) Dial(ctx context.Context, _, addr string) (net.Conn, error) {
	c, err := new(net.Dialer).DialContext(ctx, "tcp", h.exit.String())
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(c, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", addr, addr)
	resp, err := http.ReadResponse(bufio.NewReaderSize(c, 16), &http.Request{Method: http.MethodConnect})
	if err != nil || resp.StatusCode != http.StatusOK {
		c.Close()
		return nil, errors.Join(err, errors.New("no tunnel"))
	}
	return c, nil
}

// against is an interceptor on real sockets that scenarios do not know: by its policy
// it decrypts everything, its certificates have pointers or none.
func against(pointers bool, text string) *run.Against {
	root, err := emulate.NewAuthority(emulate.AuthorityConfig{Name: "Foreign CA", ID: "foreign", Now: time.Now})
	Expect(err).NotTo(HaveOccurred())
	public, err := emulate.NewAuthority(emulate.AuthorityConfig{Name: "Public Root", ID: "root", Now: time.Now})
	Expect(err).NotTo(HaveOccurred())
	status := httptest.NewServer(emulate.NewResponder(root))
	DeferCleanup(status.Close)
	forge, err := emulate.NewForge(emulate.ForgeConfig{
		Authority: root, Untrusted: root, Now: time.Now, RSAKey: pki.ApplianceRSAKey,
		Pointers: emulate.Pointers{CRL: pointers, OCSP: pointers, Base: status.URL},
	})
	Expect(err).NotTo(HaveOccurred())
	file, list := cpl.Parse("foreign.cpl", []byte(text))
	Expect(list.HasErrors()).To(BeFalse())
	compiled, list := policy.Compile([]*cpl.File{file}, policy.Options{Release: cpl.Newest()})
	Expect(list.HasErrors()).To(BeFalse())
	exit := unused()
	roots := x509.NewCertPool()
	roots.AddCert(public.Certificate())
	p := proxy.New(proxy.Config{Host: exitHost{exit}, Release: cpl.Newest(), Policy: compiled, Forge: forge, Roots: roots, Now: time.Now})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	Expect(err).NotTo(HaveOccurred())
	ctx, cancel := context.WithCancel(context.Background())
	go p.Listen(ctx, l, proxy.Service{Name: "Explicit HTTP", Kind: proxy.ExplicitHTTP, DetectProtocol: true})
	DeferCleanup(func() { cancel(); l.Close(); p.Close() })
	i, err := foreign.Open(ctx, foreign.Config{
		At: l.Addr().(*net.TCPAddr).AddrPort(), CA: []*x509.Certificate{root.Certificate()}, Exit: exit, Root: public,
	})
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(i.Close)
	return &run.Against{Interceptor: i}
}

func unused() netip.AddrPort {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	Expect(err).NotTo(HaveOccurred())
	defer l.Close()
	return l.Addr().(*net.TCPAddr).AddrPort()
}

// meet plays a scenario against an interceptor, in real time.
func meet(a *run.Against, text string) reports.Scenario {
	_, s := load(text)
	rep, err := run.Run(context.Background(), []*scenario.Scenario{s}, run.Options{Against: a})
	Expect(err).NotTo(HaveOccurred())
	Expect(rep.Scenarios[0].Problem).To(BeEmpty())
	return rep.Scenarios[0]
}

const (
	detecting = "<SSL-Intercept>\n ssl.forward_proxy(yes)\n"
	asHTTPS   = "<SSL-Intercept>\n ssl.forward_proxy(https)\n"
	bare      = "name: an office\nappliance: {release: 6.5.10.1, deployment: explicit}\nclients: {alice: {profile: skype-strict}, bob: {profile: browser}}\nsteps:\n"
	signsIn   = "  - alice: sign in\n    expect: {result: ok}\n"
)

// verdicts are those of a scenario's steps.
func verdicts(s reports.Scenario) (all []reports.Verdict) {
	for _, step := range s.Steps {
		all = append(all, step.Verdict)
	}
	return all
}

var _ = Describe("a scenario against a foreign interceptor", func() {
	It("passes where clients see what it expects, decrypted by that interceptor", func() {
		s := meet(against(true, detecting), bare+signsIn+"  - alice: {connect: 'avedge.online.lync.com:443', speak: ms-turn}\n    expect: {result: ok}\n")
		Expect(s.Verdict).To(Equal(reports.Passed), "%v", s.Steps)
		Expect(s.Evidence).To(ContainElement(HaveField("Text", ContainSubstring("issued by Foreign CA"))))
		Expect(s.Setup).To(And(HaveField("Release", ""), HaveField("Policy", BeEmpty()), HaveField("Against", HavePrefix("127.0.0.1:"))))
	})
	It("fails where they do not, and it asks nothing of an interceptor", func() {
		s := meet(against(false, detecting), bare+signsIn+"  - bob: {browse: https://www.example.com/}\n    expect: {result: ok}\n")
		Expect(s.Verdict).To(Equal(reports.Failed))
		Expect(s.Steps[0].Outcome.Code).To(Equal("CRYPT_E_NO_REVOCATION_CHECK"))
		Expect(verdicts(s)).To(Equal([]reports.Verdict{reports.Failed, reports.Passed}))
	})
	It("shows SIP answered by HTTP", func() {
		s := meet(against(true, asHTTPS), bare+signsIn)
		Expect(s.Steps[0].Outcome.Code).To(Equal("http_400"))
	})
	It("is unsupported where they do not, and its own policy could be the reason", func() {
		a := against(true, detecting)
		denies := office + "  - bob: {browse: https://never.test/}\n    expect: {result: refused}\n"
		s := meet(a, denies)
		Expect(s.Verdict).To(Equal(reports.Unsupported))
		Expect(s.Steps[0].Misses).To(HaveLen(1))
		Expect(s.Steps[0].Note).To(ContainSubstring("policy p.cpl, release 6.5.9.1"))
		a.Configured = true
		Expect(meet(a, denies).Verdict).To(Equal(reports.Failed), "somebody set it up so")
	})
	It("is unsupported from a step on that nobody can ask of it", func() {
		s := meet(against(true, detecting), bare+signsIn+"  - appliance: {upgrade: 6.7.4.1}\n"+signsIn)
		Expect(verdicts(s)).To(Equal([]reports.Verdict{reports.Passed, reports.Unsupported, reports.Unsupported}))
		Expect(s.Verdict).To(Equal(reports.Unsupported))
		Expect(s.Steps[1].Note).To(ContainSubstring("upgrade 6.7.4.1"))
		Expect(s.Steps[2].Outcome.Result).To(BeEmpty())
	})
	DescribeTable("does not play", func(steps string, want ...reports.Verdict) {
		Expect(verdicts(meet(against(true, detecting), bare+steps))).To(Equal(want))
	},
		Entry("a long wait, and what is behind it", "  - wait: 10m\n"+signsIn, reports.Unsupported, reports.Unsupported),
		Entry("a step with a fault of what it publishes", "  - alice: sign in\n    faults: {ocsp: {silent: 15s}}\n"+signsIn, reports.Unsupported, reports.Passed),
		Entry("such a fault for all steps to come", "  - faults: {crl: down}\n"+signsIn, reports.Unsupported, reports.Unsupported),
		Entry("a fault on the way to it", "  - alice: sign in\n    faults: {network: {reset: appliance}}\n", reports.Unsupported),
	)
	It("plays faults of servers and of names beyond it", func() {
		s := meet(against(true, detecting), bare+"  - bob: {browse: https://www.example.com/}\n    faults: {dns: {nxdomain: www.example.com}}\n    expect: {result: refused}\n")
		Expect(s.Verdict).To(Equal(reports.Passed), "%v", s.Steps)
	})
	It("is unsupported where it looks into the interceptor", func() {
		s := meet(against(true, detecting), bare+"  - alice: sign in\n    expect: {result: ok, no_events: [{actor: appliance, kind: AlertSent}]}\n")
		Expect(s.Verdict).To(Equal(reports.Unsupported))
		Expect(s.Steps[0].Misses).To(BeEmpty())
	})
	It("is unsupported in another deployment, and held as ever without an interceptor", func() {
		a := against(false, detecting)
		other := "name: an office\nappliance: {release: 6.5.10.1, deployment: transparent}\nclients: {alice: {profile: skype-strict}}\nsteps:\n" + signsIn
		Expect(meet(a, other).Verdict).To(Equal(reports.Unsupported))
		none := "name: an office\nappliance: {deployment: none}\nclients: {alice: {profile: skype-strict}}\nsteps:\n" + signsIn
		Expect(meet(a, none).Verdict).To(Equal(reports.Passed))
	})
})
