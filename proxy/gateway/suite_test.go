package gateway_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy"
	"rehearse/proxy/accesslog"
	"rehearse/proxy/emulate"
	"rehearse/proxy/gateway"
	"rehearse/proxy/policy"
	"rehearse/proxy/policy/cpl"
	"rehearse/proxy/revocation"
)

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		os.Exit(play(role))
	}
	os.Exit(m.Run())
}

func TestGateway(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "gateway")
}

const intercept = "<SSL-Intercept>\n ssl.forward_proxy(yes)\n"

// origin is a web server on loopback at a port of its own, with a certificate for
// site.test, localhost and its address. It answers with the path.
type origin struct {
	at    netip.AddrPort
	plain netip.AddrPort // the same in clear
	root  *emulate.Authority
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func newOrigin(addr string, change ...func(*tls.Config)) *origin {
	o := &origin{root: must(emulate.NewAuthority(emulate.AuthorityConfig{Name: "Public Root", Now: time.Now}))}
	conf := o.config(netip.MustParseAddr(addr))
	for _, c := range change {
		c(conf)
	}
	o.plain = serve(must(net.Listen("tcp", net.JoinHostPort(addr, "0"))))
	o.at = serve(must(tls.Listen("tcp", net.JoinHostPort(addr, "0"), conf)))
	return o
}

// config has the origin's certificate.
func (o *origin) config(addr netip.Addr) *tls.Config {
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	leaf := must(o.root.Issue(emulate.Template{Names: []string{"site.test", "localhost"}, IPs: []netip.Addr{addr}, Key: key.Public()}))
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{leaf.Raw}, PrivateKey: key}}}
}

// serve answers requests with their paths until the process ends.
func serve(l net.Listener) netip.AddrPort {
	s := &http.Server{ErrorLog: log.New(io.Discard, "", 0), Protocols: new(http.Protocols)}
	s.Protocols.SetHTTP1(true)
	s.Protocols.SetHTTP2(true)
	s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/upload" {
			n, _ := io.Copy(io.Discard, r.Body)
			fmt.Fprint(w, n)
			return
		}
		if r.URL.Path == "/bulk" {
			w.Write(make([]byte, 4<<20))
			return
		}
		io.WriteString(w, r.URL.Path)
	})
	go s.Serve(l)
	return l.Addr().(*net.TCPAddr).AddrPort()
}

func (o *origin) roots() *x509.CertPool {
	roots := x509.NewCertPool()
	roots.AddCert(o.root.Root())
	return roots
}

// running is a gateway that a spec set up.
type running struct {
	*gateway.Gateway
	origin    *origin
	authority *emulate.Authority
	dir       string
	log       *sink
	stop      func()
	ended     chan struct{}
}

// opened is a gateway for an origin at 127.0.0.1, known as site.test, on the usual
// explicit service; change may set it up otherwise.
func opened(program string, change func(*gateway.Config)) *running {
	r := &running{origin: newOrigin("127.0.0.1"), dir: GinkgoT().TempDir(), log: &sink{}, ended: make(chan struct{})}
	var err error
	r.authority, _, err = gateway.OpenAuthority(filepath.Join(r.dir, "ca"), time.Now)
	Expect(err).NotTo(HaveOccurred())
	conf := r.config(program)
	if change != nil {
		change(&conf)
	}
	var ctx context.Context
	ctx, r.stop = context.WithCancel(context.Background())
	r.Gateway, err = gateway.Open(ctx, conf)
	Expect(err).NotTo(HaveOccurred())
	go func() {
		defer close(r.ended)
		r.Serve(ctx)
	}()
	DeferCleanup(func() {
		r.stop()
		<-r.ended
	})
	return r
}

func (r *running) config(program string) gateway.Config {
	return gateway.Config{
		Listen:    []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:0")},
		Services:  []proxy.Service{{Name: "Explicit HTTP", Group: "Standard", Kind: proxy.ExplicitHTTP, DetectProtocol: true}},
		Authority: r.authority, MaxConnections: 100, Grace: 100 * time.Millisecond,
		Host: &proxy.OSHost{Label: "proxy", Hosts: map[string]netip.AddrPort{"site.test": r.origin.at, "plain.test": r.origin.plain}},
		Proxy: proxy.Config{
			Release: cpl.MustRelease("6.5.10.1"), Policy: compiled(program), Roots: r.origin.roots(), Now: time.Now,
			Revocation: bestEffort(), AccessLog: r.log, Resume: true,
		},
	}
}

func compiled(program string, keyrings ...string) *policy.Policy {
	file, list := cpl.Parse("test.cpl", []byte(program))
	p, found := policy.Compile([]*cpl.File{file}, policy.Options{Release: cpl.MustRelease("6.5.10.1"), Keyrings: append(keyrings, "partner")})
	if list = append(list, found...); list.HasErrors() {
		panic(fmt.Sprint(list))
	}
	return p
}

func bestEffort() revocation.Behaviour {
	b, _ := revocation.BehaviourNamed("best-effort")
	return b
}

func both() emulate.Pointers { return emulate.Pointers{CRL: true, OCSP: true} }

// sink keeps access log records.
type sink struct {
	mu      sync.Mutex
	records []accesslog.Record
}

func (*sink) Names() []string { return []string{"main", "ssl"} }

func (s *sink) Write(_ []string, r *accesslog.Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records = append(s.records, *r)
}

// told is the records so far: action, method, status, exception and host.
func (s *sink) told() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var lines []string
	for _, r := range s.records {
		lines = append(lines, strings.TrimRight(fmt.Sprintf("%s %s %s %d %s", r.Action, r.Method, r.Host, r.Status, r.Exception), " "))
	}
	return lines
}

// client is an HTTP client that goes through the gateway and trusts its CA alone.
func (r *running) client() *http.Client {
	roots := x509.NewCertPool()
	roots.AddCert(r.authority.Root())
	t := &http.Transport{
		Proxy:           func(*http.Request) (*url.URL, error) { return url.Parse("http://" + r.Addr().String()) },
		TLSClientConfig: &tls.Config{RootCAs: roots},
	}
	DeferCleanup(t.CloseIdleConnections)
	return &http.Client{Transport: t}
}

// get is the status and the body, or the error.
func get(c *http.Client, url string) string {
	resp, err := c.Get(url)
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 200))
	return fmt.Sprintf("%d %s", resp.StatusCode, body)
}

// dial connects to the gateway.
func (r *running) dial() net.Conn {
	c, err := net.Dial("tcp", r.Addr().String())
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() { c.Close() })
	return c
}

// refuses says whether a connection to the gateway is reset.
func (r *running) refuses() bool {
	c, err := net.Dial("tcp", r.Addr().String())
	if err == nil {
		defer c.Close()
		_, err = c.Read(make([]byte, 1))
	}
	return errors.Is(err, syscall.ECONNRESET)
}

// through is a loopback port that leads through the gateway to a target, for programs
// that know no proxies.
func (r *running) through(target string) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(l.Close)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go r.tunnel(c, target)
		}
	}()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

func (r *running) tunnel(c net.Conn, target string) {
	defer c.Close()
	p, err := net.Dial("tcp", r.Addr().String())
	if err != nil {
		return
	}
	defer p.Close()
	fmt.Fprintf(p, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", target, target)
	in := bufio.NewReader(p)
	if _, err := http.ReadResponse(in, &http.Request{Method: http.MethodConnect}); err != nil {
		return
	}
	go func() {
		io.Copy(p, c)
		p.(*net.TCPConn).CloseWrite()
	}()
	io.Copy(c, in)
}

// judge finds an installed program, or skips the spec.
func judge(name string) string {
	path, err := exec.LookPath(name)
	if err != nil {
		Skip(name + " is not installed")
	}
	return path
}

// run gives what a program says, whatever its exit status.
func run(dir, program string, args ...string) string {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	out, _ := cmd.CombinedOutput()
	return string(out)
}

func writeFile(dir, name string, content []byte) string {
	path := filepath.Join(dir, name)
	Expect(os.WriteFile(path, content, 0o600)).To(Succeed())
	return path
}
