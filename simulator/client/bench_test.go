package client_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/emulate"
	"rehearse/reports/journal"
	"rehearse/simulator/client"
	"rehearse/simulator/pki"
	"rehearse/simulator/world"
	"rehearse/simulator/world/worldtest"
)

func TestClient(t *testing.T) { worldtest.Suite(t, "client") }

// bench is a world with a public PKI, a client's machine and room for servers
// that a spec writes itself.
type bench struct {
	world *world.Memory
	pki   *pki.PKI
	log   *journal.Memory
	alice world.Host
	next  *byte
}

// onBench runs a spec in a bubble with a bench, whose PKI answers.
func onBench(f func(b bench)) {
	onBareBench(func(b bench) {
		l, err := b.host("pki.test").Listen("tcp", ":80")
		Expect(err).NotTo(HaveOccurred())
		status := http.Server{Handler: b.pki.Handler()}
		go status.Serve(l)
		defer status.Close()
		f(b)
	})
}

// onBareBench leaves the PKI to answer to others.
func onBareBench(f func(b bench)) {
	worldtest.World(GinkgoTB(), world.Config{}, func(w *world.Memory) {
		f(newBench(w))
	})
}

func newBench(w *world.Memory) bench {
	p, err := pki.New(pki.Config{Now: time.Now})
	Expect(err).NotTo(HaveOccurred())
	return bench{
		world: w, pki: p, log: journal.NewMemory(), next: new(byte),
		alice: w.Host("alice", netip.MustParseAddr("10.1.0.11")),
	}
}

// host makes a host of that name, which the names lead to.
func (b bench) host(name string) world.Host {
	*b.next++
	return b.world.Host(name, netip.AddrFrom4([4]byte{10, 9, 0, *b.next}))
}

// listen makes a host whose connections on a port are each given to serve and
// closed behind it.
func (b bench) listen(name string, port int, serve func(net.Conn)) {
	serveOn(b.host(name), port, serve)
}

// serveOn is listen at a host that is there already.
func serveOn(h world.Host, port int, serve func(net.Conn)) {
	l, err := h.Listen("tcp", fmt.Sprintf(":%d", port))
	Expect(err).NotTo(HaveOccurred())
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer GinkgoRecover()
				defer c.Close()
				serve(c)
			}()
		}
	}()
}

// client makes alice's client.
func (b bench) client(profile string, change ...func(*client.Config)) *client.Client {
	p, ok := client.ProfileNamed(profile)
	Expect(ok).To(BeTrue())
	conf := client.Config{
		Host: b.alice, Recorder: b.log, Now: time.Now, Roots: b.pki.Roots(), Profile: p,
		User: "alice@contoso.test", Password: "secret",
	}
	for _, f := range change {
		f(&conf)
	}
	return client.New(conf)
}

func through(proxy string) func(*client.Config) {
	return func(c *client.Config) { c.Proxy = proxy }
}

func ending(e client.Ending) func(*client.Config) {
	return func(c *client.Config) { c.Ending = e }
}

// do takes a step that may last five minutes.
func do(c *client.Client, s client.Step) journal.Outcome {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	return c.Do(ctx, s)
}

// leaf issues a certificate for the name; change makes it an odd one.
func (b bench) leaf(name string, change ...func(*emulate.Template)) *tls.Certificate {
	t := emulate.Template{Names: []string{name}}
	for _, f := range change {
		f(&t)
	}
	cert, err := b.pki.Issue(t)
	Expect(err).NotTo(HaveOccurred())
	return cert
}

func withoutPointers(t *emulate.Template) { t.OCSP, t.CRL = []string{}, []string{} }

// secured gives what is inside TLS to serve, and reports how the handshake ended.
func secured(cert *tls.Certificate, ended chan<- error, serve func(*tls.Conn)) func(net.Conn) {
	return func(c net.Conn) {
		conn := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{*cert}})
		err := conn.Handshake()
		if ended != nil {
			ended <- err
		}
		if err == nil {
			serve(conn)
			conn.Close()
		}
	}
}

// serveHTTP answers one request.
func serveHTTP(c net.Conn, h http.Handler) {
	req, err := http.ReadRequest(bufio.NewReader(c))
	if err != nil {
		return
	}
	res := &answer{header: http.Header{}, status: http.StatusOK}
	h.ServeHTTP(res, req)
	out := http.Response{
		StatusCode: res.status, ProtoMajor: 1, ProtoMinor: 1, Header: res.header,
		Body: io.NopCloser(strings.NewReader(res.body.String())), ContentLength: int64(res.body.Len()), Close: true,
	}
	out.Write(c)
}

type answer struct {
	header http.Header
	status int
	body   strings.Builder
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(p []byte) (int, error) { return a.body.Write(p) }

// says is a server that reads something and answers with these bytes.
func says(text string) func(net.Conn) {
	return func(c net.Conn) {
		if _, err := c.Read(make([]byte, 4096)); err == nil {
			io.WriteString(c, text)
		}
	}
}

// proxied is an explicit proxy that answers CONNECT with head and then, when the
// head is a 200, joins the client to the target. It tells what it was asked.
func (b bench) proxied(head string, asked chan<- string) func(net.Conn) {
	return func(c net.Conn) {
		r := bufio.NewReader(c)
		req, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		asked <- req.Method + " " + req.RequestURI
		if req.Method != http.MethodConnect {
			up, err := b.alice.Dial(context.Background(), "tcp", req.Host+":80")
			if err != nil {
				return
			}
			defer up.Close()
			req.Write(up)
			io.Copy(c, up)
			return
		}
		io.WriteString(c, head)
		if !strings.HasPrefix(head, "HTTP/1.1 200") {
			return
		}
		up, err := b.alice.Dial(context.Background(), "tcp", req.RequestURI)
		if err != nil {
			return
		}
		defer up.Close()
		go func() {
			io.Copy(up, r)
			up.(world.Conn).CloseWrite()
		}()
		io.Copy(c, up)
	}
}

// page is an exception page as the interceptor lays it out.
func page(status, id string) string {
	body := "<html><body><h1>Access Denied (" + id + ")</h1></body></html>\n"
	return "HTTP/1.1 " + status + "\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n" + body
}

// stages are the stages that were reached, in order.
func stages(l journal.Log) []journal.Stage {
	var all []journal.Stage
	for _, e := range journal.Find[journal.StageReached](l) {
		all = append(all, e.Stage)
	}
	return all
}

// endOf reads until the connection ends and says how.
func endOf(c net.Conn) error {
	_, err := io.Copy(io.Discard, c)
	if err == nil {
		return io.EOF
	}
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}

// flowTo is the first flow to a destination.
func flowTo(l journal.Log, to string) string {
	for _, e := range l {
		if c, ok := e.Body.(journal.Connected); ok && c.To == to {
			return e.Flow
		}
	}
	return ""
}
