package foreign_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/simulator/foreign"
	"rehearse/simulator/world"
)

// listening is an address at which somebody accepts connections and says nothing.
func listening() netip.AddrPort {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(l.Close)
	return l.Addr().(*net.TCPAddr).AddrPort()
}

// unused is an address at which nobody listens.
func unused() netip.AddrPort {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	Expect(err).NotTo(HaveOccurred())
	defer l.Close()
	return l.Addr().(*net.TCPAddr).AddrPort()
}

func open(c foreign.Config) *foreign.Interceptor {
	i, err := foreign.Open(context.Background(), c)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(i.Close)
	return i
}

func enter(i *foreign.Interceptor) *foreign.Place {
	p, err := i.Enter("interceptor")
	if strings.Contains(fmt.Sprint(err), "below 1024") {
		Skip("this user may not bind low ports")
	}
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(p.Close)
	return p
}

// site serves pages on a host of the place at port 80.
func site(p *foreign.Place, name string, n int) {
	l, err := p.Host(name, p.SiteAddr(name, n)).Listen("tcp", ":80")
	Expect(err).NotTo(HaveOccurred())
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Host, r.URL.Path) })}
	go s.Serve(l)
	DeferCleanup(s.Close)
}

// through is a client of the proxy at an address.
func through(at netip.AddrPort) *http.Client {
	return &http.Client{Transport: &http.Transport{
		Proxy: http.ProxyURL(&url.URL{Scheme: "http", Host: at.String()}), DisableKeepAlives: true,
	}}
}

func get(c *http.Client, url string) (status int, body string) {
	resp, err := c.Get(url)
	Expect(err).NotTo(HaveOccurred())
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	Expect(err).NotTo(HaveOccurred())
	return resp.StatusCode, string(text)
}

var _ = Describe("an interceptor made elsewhere", func() {
	It("has to be there", func() {
		_, err := foreign.Open(context.Background(), foreign.Config{At: unused(), Exit: unused()})
		Expect(err).To(MatchError(syscall.ECONNREFUSED))
		Expect(err).To(MatchError(ContainSubstring("no interceptor accepts connections")))
	})
	It("needs a way to the servers", func() {
		_, err := foreign.Open(context.Background(), foreign.Config{At: listening()})
		Expect(err).To(MatchError(ContainSubstring("want Exit or Plain")))
	})
	It("is told where the exit cannot be", func() {
		_, err := foreign.Open(context.Background(), foreign.Config{At: listening(), Exit: listening()})
		Expect(err).To(MatchError(syscall.EADDRINUSE))
	})
})

var _ = Describe("the exit", func() {
	It("leads to the servers of the place there is, and nowhere before", func() {
		at := unused()
		i := open(foreign.Config{At: listening(), Exit: at})
		status, body := get(through(at), "http://site.test/page")
		Expect(status).To(Equal(http.StatusBadGateway))
		Expect(body).To(ContainSubstring("no scenario is under way"))
		site(enter(i), "site.test", 0)
		status, body = get(through(at), "http://site.test/page")
		Expect(status).To(Equal(http.StatusOK))
		Expect(body).To(Equal("site.test/page"))
		status, body = get(through(at), "http://elsewhere.test/")
		Expect(status).To(Equal(http.StatusBadGateway))
		Expect(body).To(ContainSubstring("no such host"))
	})
	It("makes tunnels, and hands on that one side is done", func() {
		at := unused()
		site(enter(open(foreign.Config{At: listening(), Exit: at})), "site.test", 0)
		c, err := net.Dial("tcp", at.String())
		Expect(err).NotTo(HaveOccurred())
		defer c.Close()
		fmt.Fprint(c, "CONNECT site.test:80 HTTP/1.1\r\nHost: site.test:80\r\n\r\nGET /through HTTP/1.0\r\nHost: site.test\r\n\r\n")
		Expect(c.(*net.TCPConn).CloseWrite()).To(Succeed())
		in := bufio.NewReader(c)
		connected, err := http.ReadResponse(in, &http.Request{Method: http.MethodConnect})
		Expect(err).NotTo(HaveOccurred())
		Expect(connected.StatusCode).To(Equal(http.StatusOK))
		rest, err := io.ReadAll(in)
		Expect(err).NotTo(HaveOccurred())
		Expect(string(rest)).To(HaveSuffix("site.test/through"))
	})
	It("leads to what the interceptor publishes on this machine", func() {
		at := unused()
		enter(open(foreign.Config{At: listening(), Exit: at}))
		published := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "a list") }))
		defer published.Close()
		_, body := get(through(at), published.URL+"/ca.crl")
		Expect(body).To(Equal("a list"))
	})
	It("tells whether the interceptor leads to it", func() {
		exit := unused()
		tunnels := httptest.NewServer(&httputil.ReverseProxy{
			Rewrite:   func(*httputil.ProxyRequest) {},
			Transport: &http.Transport{Proxy: http.ProxyURL(&url.URL{Scheme: "http", Host: exit.String()})},
		})
		defer tunnels.Close()
		i := open(foreign.Config{At: netip.MustParseAddrPort(tunnels.Listener.Addr().String()), Exit: exit})
		Expect(i.Way(context.Background())).To(Succeed())
		lost := httptest.NewServer(http.NotFoundHandler())
		defer lost.Close()
		soon, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		i = open(foreign.Config{At: netip.MustParseAddrPort(lost.Listener.Addr().String()), Exit: unused()})
		Expect(i.Way(soon)).To(MatchError(ContainSubstring("the interceptor gives 404 Not Found")))
	})
	It("says that it is a proxy", func() {
		at := unused()
		enter(open(foreign.Config{At: listening(), Exit: at}))
		status, body := get(http.DefaultClient, "http://"+at.String()+"/")
		Expect(status).To(Equal(http.StatusBadRequest))
		Expect(body).To(ContainSubstring("this is a proxy"))
	})
})

var _ = Describe("a client", func() {
	It("goes to the interceptor by the system's network, shown with its own address, and to all else in the world", func() {
		i := open(foreign.Config{At: listening(), Exit: unused()})
		p := enter(i)
		site(p, "site.test", 0)
		alice := p.Client("alice", 1)
		c, err := alice.Dial(context.Background(), "tcp", p.Explicit())
		Expect(err).NotTo(HaveOccurred())
		defer c.Close()
		Expect(netip.MustParseAddrPort(c.LocalAddr().String()).Addr()).To(Equal(alice.Addr()))
		Expect(c).To(BeAssignableToTypeOf(c.(world.Conn)))
		direct, err := alice.Dial(context.Background(), "tcp", "site.test:80")
		Expect(err).NotTo(HaveOccurred())
		Expect(direct.Close()).To(Succeed())
	})
})

var _ = Describe("a plain place", func() {
	It("has its servers where names say, for everybody on the machine", func() {
		i, err := foreign.Open(context.Background(), foreign.Config{At: listening(), Plain: true})
		if strings.Contains(fmt.Sprint(err), "below 1024") || strings.Contains(fmt.Sprint(err), "address already in use") {
			Skip("this user may not bind low ports, or others have them")
		}
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(i.Close)
		p := enter(i)
		site(p, "site.test", 0)
		names := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, "127.112.0.53:53")
		}}
		addrs, err := names.LookupHost(context.Background(), "site.test")
		Expect(err).NotTo(HaveOccurred())
		Expect(addrs).To(ConsistOf(p.SiteAddr("site.test", 0).String()))
		_, body := get(&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}, "http://"+addrs[0]+"/page")
		Expect(body).To(Equal(addrs[0] + "/page"))
	})
})
