package proxy_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy"
	"rehearse/proxy/emulate"
	"rehearse/proxy/policy"
	"rehearse/proxy/policy/cpl"
	"rehearse/proxy/revocation"
	"rehearse/reports/journal"
	"rehearse/simulator/world"
	"rehearse/simulator/world/worldtest"
)

// setup is what a spec asks of its world.
type setup struct {
	release string // "" is 6.5.10.1
	policy  string
	detect  bool
	kind    proxy.Kind // "" is explicit-http
	origin  func(net.Conn)
	certify func(*emulate.Template) // changes the origin's certificate
	ended   func(policy.Trace)      // gets transactions at their ends
	change  func(*proxy.Config)     // sets the interceptor up otherwise
}

// stand is a client, the interceptor and one origin, site.test at 192.0.2.20:443.
type stand struct {
	client  world.Host
	world   *world.Memory
	log     *journal.Memory
	public  *emulate.Authority // issues the origin's certificate
	private *emulate.Authority // issues emulated ones
	target  string
	kind    proxy.Kind
}

// standing runs f in a bubble with a world made as s says.
func standing(s setup, f func(*stand)) {
	worldtest.World(GinkgoTB(), world.Config{}, func(w *world.Memory) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		st := &stand{world: w, log: journal.NewMemory(), target: "site.test:443", kind: s.kind}
		if st.kind == "" {
			st.kind = proxy.ExplicitHTTP
		}
		st.client = w.Host("alice", netip.MustParseAddr("10.1.0.11"))
		st.public, st.private = authority("Public Root"), authority("Private Root")
		st.serve(s)
		p := st.interceptor(s, w.Host("appliance", netip.MustParseAddr("10.1.0.1")), ctx)
		defer p.Close()
		f(st)
	})
}

func authority(name string) *emulate.Authority {
	a, err := emulate.NewAuthority(emulate.AuthorityConfig{Name: name, Now: time.Now})
	Expect(err).NotTo(HaveOccurred())
	return a
}

func (st *stand) interceptor(s setup, host world.Host, ctx context.Context) *proxy.Proxy {
	release := cpl.MustRelease("6.5.10.1")
	if s.release != "" {
		release = cpl.MustRelease(s.release)
	}
	file, list := cpl.Parse("test.cpl", []byte(s.policy))
	Expect(list.HasErrors()).To(BeFalse(), "%v", list)
	program, list := policy.Compile([]*cpl.File{file}, policy.Options{Release: release})
	Expect(list.HasErrors()).To(BeFalse(), "%v", list)
	forge, err := emulate.NewForge(emulate.ForgeConfig{Authority: st.private, Now: time.Now})
	Expect(err).NotTo(HaveOccurred())
	roots := x509.NewCertPool()
	roots.AddCert(st.public.Root())
	behaviour, _ := revocation.BehaviourNamed("best-effort")
	conf := proxy.Config{
		Host: host, Release: release, Policy: program, Forge: forge, Roots: roots,
		Now: time.Now, Recorder: st.log, Revocation: behaviour, Finished: s.ended,
	}
	if s.change != nil {
		s.change(&conf)
	}
	p := proxy.New(conf)
	service := proxy.Service{Name: "Service", Kind: st.kind, Port: 8080, DetectProtocol: s.detect}
	l, err := host.Listen("tcp", ":8080")
	Expect(err).NotTo(HaveOccurred())
	if st.kind.Transparent() {
		st.world.Redirect(st.client, func(netip.AddrPort) bool { return true }, host, 8080)
	}
	go p.Listen(ctx, l, service)
	return p
}

// serve puts the origin on port 443; what it speaks is the setup's.
func (st *stand) serve(s setup) {
	host := st.world.Host("site.test", netip.MustParseAddr("192.0.2.20"))
	st.world.SetA("legacy.test", host.Addr())
	l, err := host.Listen("tcp", ":443")
	Expect(err).NotTo(HaveOccurred())
	config := &tls.Config{Certificates: []tls.Certificate{st.certificate(s)}}
	origin := s.origin
	if origin == nil {
		origin = func(c net.Conn) { speakHTTP(tls.Server(c, config)) }
	}
	if s.origin != nil && s.certify != nil {
		origin = func(c net.Conn) { s.origin(tls.Server(c, config)) }
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { defer c.Close(); origin(c) }()
		}
	}()
}

func (st *stand) certificate(s setup) tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	Expect(err).NotTo(HaveOccurred())
	t := emulate.Template{Names: []string{"site.test", "legacy.test"}, Key: key.Public()}
	if s.certify != nil {
		s.certify(&t)
	}
	leaf, err := st.public.Issue(t)
	Expect(err).NotTo(HaveOccurred())
	return tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key, Leaf: leaf}
}

// plainTLS keeps the origin's own certificate as it is.
func plainTLS(*emulate.Template) {}

// speakHTTP answers every request with 200 and its path.
func speakHTTP(c net.Conn) {
	r := bufio.NewReader(c)
	for {
		req, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(req.URL.Path), req.URL.Path)
	}
}

// echo sends back what it gets.
func echo(c net.Conn) { io.Copy(c, c) }

// dial opens a flow to the target the way the service asks, and gives the status
// of the CONNECT, 0 where there is none.
func (st *stand) dial(target string) (net.Conn, *bufio.Reader, int) {
	if st.kind.Transparent() {
		c, err := st.client.Dial(context.Background(), "tcp", target)
		Expect(err).NotTo(HaveOccurred())
		return c, bufio.NewReader(c), 0
	}
	c, err := st.client.Dial(context.Background(), "tcp", "10.1.0.1:8080")
	Expect(err).NotTo(HaveOccurred())
	fmt.Fprintf(c, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", target, target)
	r := bufio.NewReader(c)
	resp, err := http.ReadResponse(r, &http.Request{Method: http.MethodConnect})
	Expect(err).NotTo(HaveOccurred())
	return c, r, resp.StatusCode
}

// secure makes TLS over a flow, trusting both authorities.
func (st *stand) secure(c net.Conn, name string) (*tls.Conn, error) {
	roots := x509.NewCertPool()
	roots.AddCert(st.public.Root())
	roots.AddCert(st.private.Root())
	t := tls.Client(c, &tls.Config{ServerName: name, RootCAs: roots})
	return t, t.Handshake()
}

// issuer is who issued the certificate that the client got.
func issuer(t *tls.Conn) string { return t.ConnectionState().PeerCertificates[0].Issuer.CommonName }

// ask writes text and gives what comes back: up to 64 bytes, then how it ended.
func ask(c net.Conn, text string) string {
	io.WriteString(c, text)
	buf := make([]byte, 64)
	c.SetReadDeadline(time.Now().Add(10 * time.Second))
	n, err := c.Read(buf)
	if n > 0 {
		line, _, _ := strings.Cut(string(buf[:n]), "\r\n")
		return line
	}
	return err.Error()
}

// pageThroughTLS is the first line of the answer to a request inside TLS, for a
// client that verifies nothing.
func (st *stand) pageThroughTLS() string {
	c, _, _ := st.dial("site.test:443")
	t := tls.Client(c, &tls.Config{ServerName: "site.test", InsecureSkipVerify: true})
	Expect(t.Handshake()).To(Succeed())
	return ask(t, "GET /a HTTP/1.1\r\nHost: site.test\r\n\r\n")
}
