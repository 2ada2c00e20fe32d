package flow_test

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
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy"
	"rehearse/proxy/emulate"
	"rehearse/proxy/policy"
	"rehearse/proxy/policy/flow"
	"rehearse/proxy/revocation"
	"rehearse/proxy/wire/msturn"
	"rehearse/proxy/wire/pseudotls"
	"rehearse/reports/journal"
	"rehearse/simulator/world"
	"rehearse/simulator/world/worldtest"
)

// stand is the interceptor with a service of every shape, clients and one origin
// that speaks whatever it is spoken to.
type stand struct {
	world   *world.Memory
	log     *journal.Memory
	public  *emulate.Authority
	private *emulate.Authority
	clients []world.Host // one a shape
	expired bool         // the origin's certificate
}

const (
	originAddr    = "192.0.2.20"
	applianceAddr = "10.1.0.1"
)

// origins are the names of the origin.
func origins() []string { return []string{"site.test", "bad.test", "lync.test"} }

// standing runs f in a bubble with an interceptor that has the policy.
func standing(p *policy.Policy, expired bool, f func(*stand)) {
	worldtest.World(GinkgoTB(), world.Config{}, func(w *world.Memory) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		st := &stand{world: w, log: journal.NewMemory(), public: authority("Public Root"), private: authority("Private Root"), expired: expired}
		st.serve()
		forge, err := emulate.NewForge(emulate.ForgeConfig{Authority: st.private, Now: time.Now})
		Expect(err).NotTo(HaveOccurred())
		roots := x509.NewCertPool()
		roots.AddCert(st.public.Root())
		behaviour, _ := revocation.BehaviourNamed("best-effort")
		host := w.Host("appliance", netip.MustParseAddr(applianceAddr))
		icpt := proxy.New(proxy.Config{Host: host, Release: p.Release(), Policy: p, Forge: forge, Roots: roots, Now: time.Now, Recorder: st.log, Revocation: behaviour})
		defer icpt.Close()
		for i, shape := range flow.Shapes() {
			service := shape.Service
			service.Port = port(i)
			l, err := host.Listen("tcp", fmt.Sprintf(":%d", service.Port))
			Expect(err).NotTo(HaveOccurred())
			client := w.Host(fmt.Sprintf("client%d", i), netip.AddrFrom4([4]byte{10, 1, 1, byte(i + 1)}))
			st.clients = append(st.clients, client)
			if service.Kind.Transparent() {
				w.Redirect(client, func(netip.AddrPort) bool { return true }, host, service.Port)
			}
			go icpt.Listen(ctx, l, service)
		}
		f(st)
	})
}

func port(shape int) uint16 { return uint16(9000 + shape) }

func authority(name string) *emulate.Authority {
	a, err := emulate.NewAuthority(emulate.AuthorityConfig{Name: name, Now: time.Now})
	Expect(err).NotTo(HaveOccurred())
	return a
}

// serve puts the origin on ports 443 and 80.
func (st *stand) serve() {
	host := st.world.Host("origin", netip.MustParseAddr(originAddr))
	for _, name := range origins() {
		st.world.SetA(name, host.Addr())
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	Expect(err).NotTo(HaveOccurred())
	t := emulate.Template{Names: origins(), Key: key.Public()}
	if st.expired {
		t.NotBefore, t.NotAfter = time.Now().Add(-48*time.Hour), time.Now().Add(-24*time.Hour)
	}
	leaf, err := st.public.Issue(t)
	Expect(err).NotTo(HaveOccurred())
	config := &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{leaf.Raw}, PrivateKey: key, Leaf: leaf}}}
	for _, address := range []string{":443", ":80"} {
		l, err := host.Listen("tcp", address)
		Expect(err).NotTo(HaveOccurred())
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				go func() { defer c.Close(); answer(c, config) }()
			}
		}()
	}
}

// answer speaks TLS to TLS, HTTP to HTTP, and sends anything else back.
func answer(c net.Conn, config *tls.Config) {
	r := bufio.NewReader(c)
	first, err := r.Peek(1)
	if err != nil {
		return
	}
	peeked := &joined{c, r}
	if first[0] == 0x16 {
		hello, _ := r.Peek(len(pseudotls.ClientHello([32]byte{})))
		if _, err := pseudotls.ParseClientHello(hello); err == nil {
			c.Write(pseudotls.ServerHello([32]byte{}, [32]byte{}))
			return
		}
		t := tls.Server(peeked, config)
		inner := bufio.NewReader(t)
		if _, err := inner.Peek(1); err == nil {
			speak(t, inner)
		}
		return
	}
	speak(peeked, r)
}

func speak(c net.Conn, r *bufio.Reader) {
	if first, err := r.Peek(4); err != nil || string(first) != "GET " {
		io.Copy(c, r)
		return
	}
	if _, err := http.ReadRequest(r); err == nil {
		io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
	}
}

// joined is a connection read through a reader that has seen its beginning.
type joined struct {
	net.Conn
	r *bufio.Reader
}

func (j *joined) Read(b []byte) (int, error) { return j.r.Read(b) }

// said is what a client writes of a kind of bytes.
func said(b flow.Bytes, host string) []byte {
	switch b {
	case flow.HTTP:
		return fmt.Appendf(nil, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", host)
	case flow.SIP:
		return []byte("REGISTER sip:contoso.test SIP/2.0\r\nCall-ID: 1\r\n\r\n")
	case flow.PseudoTLS:
		return pseudotls.ClientHello([32]byte{1})
	case flow.MSTURN:
		request := []byte{0, 3, 0, 8, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0, 0x0f, 0, 4, 0x72, 0xc6, 0x4b, 0xc6}
		return msturn.AppendFrame(nil, msturn.FrameControl, request)
	}
	return []byte("\x00\x01odd bytes\r\n\r\n")
}

// play has a client of a shape do its part.
func (st *stand) play(i int, f *flow.Flow) {
	host := st.clients[i]
	to := fmt.Sprintf("%s:%d", originAddr, f.Port)
	if !f.Transparent() {
		to = fmt.Sprintf("%s:%d", applianceAddr, port(i))
	}
	c, err := host.Dial(context.Background(), "tcp", to)
	Expect(err).NotTo(HaveOccurred())
	defer c.Close()
	c.SetDeadline(time.Now().Add(20 * time.Second))
	r := bufio.NewReader(c)
	target := fmt.Sprintf("%s:%d", f.Host, f.Port)
	if f.Connect {
		fmt.Fprintf(c, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", target, target)
		resp, err := http.ReadResponse(r, &http.Request{Method: http.MethodConnect})
		if err != nil || resp.StatusCode != http.StatusOK {
			return
		}
	}
	switch {
	case f.Speaks == flow.TLS:
		name := f.Host
		if f.NoSNI {
			name = ""
		}
		t := tls.Client(&joined{c, r}, &tls.Config{ServerName: name, InsecureSkipVerify: true})
		if t.Handshake() == nil {
			t.Write(said(f.Inside, f.Host))
			t.Read(make([]byte, 64))
		}
		return
	case f.Speaks == flow.HTTP && !f.Connect && !f.Transparent():
		fmt.Fprintf(c, "GET http://%s/ HTTP/1.1\r\nHost: %s\r\n\r\n", target, target)
	case f.Speaks == flow.HTTP:
		fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", target)
	default:
		c.Write(said(f.Speaks, f.Host))
	}
	r.Peek(1)
}

// seen is the way of a flow by what the interceptor recorded.
func (st *stand) seen(since int) string {
	inside, exchanged := false, false
	way := "nothing"
	for _, e := range st.log.Log()[since:] {
		switch b := e.Body.(type) {
		case journal.HandshakeEnded:
			inside = inside || b.Side == "server" && b.Err == ""
			if b.Side == "server" && b.Err != "" {
				way = name(flow.Alert)
			}
		case journal.HTTPExchanged:
			exchanged = true
		case journal.FlowHandled:
			switch {
			case b.How == "tunnel":
				way = name(flow.Tunnelled)
			case b.How == "relay" && b.Protocol == "stunnel":
				way = name(flow.STunnelled)
			case b.How == "relay":
				way = name(flow.Relayed)
			}
		case journal.ExceptionSent:
			way = refused(b, inside)
		}
	}
	switch {
	case way == "nothing" && exchanged && inside:
		return name(flow.Decrypted)
	case way == "nothing" && exchanged:
		return name(flow.Served)
	}
	return way
}

func refused(e journal.ExceptionSent, inside bool) string {
	switch {
	case e.Where == "reset":
		return name(flow.Reset) + " " + e.ID
	case e.Where == "close" && inside:
		return name(flow.ClosedInside) + " " + e.ID
	case e.Where == "close":
		return name(flow.Closed) + " " + e.ID
	case e.ID == "policy_redirect":
		return name(flow.Redirected) + " " + e.ID
	case e.Where == "inside TLS" && e.ID == "invalid_request":
		return name(flow.Mistaken) + " " + e.ID
	case e.Where == "inside TLS":
		return name(flow.PageInside) + " " + e.ID
	}
	return name(flow.Page) + " " + e.ID
}

func name(w flow.Way) string { return flow.Outcome{Way: w}.Name() }
