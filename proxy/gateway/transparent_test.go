package gateway_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy"
	"rehearse/proxy/emulate"
	"rehearse/proxy/gateway"
)

// roleVariable makes the test binary one end of the network below.
const roleVariable = "REHEARSE_NAMESPACE_ROLE"

// Two network namespaces, joined by a cable: a client at 10.9.0.2 and fd09::2, and a
// router at 10.9.0.1 and fd09::1 that has the origin's addresses, too, and redirects
// what is dialled to them to the gateway's port.
const (
	origin4, origin6 = "192.0.2.20", "2001:db8::20"
	gatewayPort      = "8443"
)

// namespaces makes the network, or skips the spec. It gives how programs are started
// in each.
func namespaces() (client, router []string) {
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		Skip("network namespaces are made by root on Linux")
	}
	ip, nft := judge("ip"), judge("nft")
	a, b := "rehearse-c"+strconv.Itoa(os.Getpid()), "rehearse-r"+strconv.Itoa(os.Getpid())
	for _, name := range []string{a, b} {
		if out, err := exec.Command(ip, "netns", "add", name).CombinedOutput(); err != nil {
			Skip("no network namespace can be made here: " + strings.TrimSpace(string(out)))
		}
		DeferCleanup(func() { exec.Command(ip, "netns", "delete", name).Run() })
	}
	client, router = []string{ip, "netns", "exec", a}, []string{ip, "netns", "exec", b}
	command := func(in []string, line string, input string) {
		words := append(append([]string{}, in...), strings.Fields(line)...)
		cmd := exec.Command(words[0], words[1:]...)
		cmd.Stdin = strings.NewReader(input)
		out, err := cmd.CombinedOutput()
		Expect(err).NotTo(HaveOccurred(), "%s: %s", line, out)
	}
	command(nil, ip+" link add v0 netns "+a+" type veth peer name v1 netns "+b, "")
	for _, end := range []struct {
		in     []string
		device string
		addrs  []string
		routes []string
	}{
		{client, "v0", []string{"10.9.0.2/24", "fd09::2/64"}, []string{"192.0.2.0/24 via 10.9.0.1", "2001:db8::/32 via fd09::1"}},
		{router, "v1", []string{"10.9.0.1/24", "fd09::1/64"}, nil},
		{router, "lo", []string{origin4 + "/32", origin6 + "/128"}, nil},
	} {
		command(end.in, ip+" link set "+end.device+" up", "")
		for _, addr := range end.addrs {
			nodad := ""
			if strings.Contains(addr, ":") {
				nodad = " nodad"
			}
			command(end.in, ip+" addr add "+addr+" dev "+end.device+nodad, "")
		}
		for _, route := range end.routes {
			command(end.in, ip+" route add "+route, "")
		}
	}
	command(router, nft+" -f -", `table inet rehearse {
		chain prerouting {
			type nat hook prerouting priority dstnat
			iif "v1" tcp dport { 80, 443, 5061, 9443 } redirect to :`+gatewayPort+`
		}
	}`)
	return client, router
}

// rehearse starts the test binary in a role and gives its first line.
func rehearse(in []string, role string, args ...string) (first string, rest *bufio.Reader) {
	self, err := os.Executable()
	Expect(err).NotTo(HaveOccurred())
	words := append(append(append([]string{}, in...), self), args...)
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Env = append(os.Environ(), roleVariable+"="+role)
	cmd.Stderr = GinkgoWriter
	out, err := cmd.StdoutPipe()
	Expect(err).NotTo(HaveOccurred())
	Expect(cmd.Start()).To(Succeed())
	DeferCleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait()
	})
	rest = bufio.NewReader(out)
	first, _ = rest.ReadString('\n')
	return strings.TrimSpace(first), rest
}

var _ = Describe("a transparent gateway", Serial, func() {
	It("finds out where redirected clients were going, IPv4 and IPv6", func() {
		client, router := namespaces()
		ready, _ := rehearse(router, "router")
		Expect(ready).To(Equal("ready"))
		asks := func(target, name string) string {
			answer, _ := rehearse(client, "client", target, name)
			return answer
		}
		Expect(asks(net.JoinHostPort(origin4, "443"), "site.test")).To(Equal("Rehearsal Proxy CA: /asked"))
		Expect(asks(net.JoinHostPort(origin6, "443"), "site.test")).To(Equal("Rehearsal Proxy CA: /asked"))
		Expect(asks(net.JoinHostPort(origin4, "9443"), "site.test")).To(Equal("Public Root: /asked"), "no service: passed on")
		Expect(asks(net.JoinHostPort(origin4, "80"), "")).To(Equal("/asked"))
		Expect(asks(net.JoinHostPort(origin6, "80"), "")).To(Equal("/asked"))
		Expect(asks("10.9.0.1:"+gatewayPort, "")).To(Equal("reset"), "nobody connects to the port itself")
	})
})

// play is what the test binary does in a role; it gives the exit status.
func play(role string) int {
	if role == "client" {
		fmt.Println(ask(os.Args[1], os.Args[2]))
		return 0
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	work := route
	switch role {
	case "gateway":
		work = func(ctx context.Context) error { return playGateway(ctx, os.Args[1], os.Args[2]) }
	case "soak":
		work = func(ctx context.Context) error { return playSoak(ctx, os.Args[1], os.Args[2:]) }
	case "floor":
		work = func(ctx context.Context) error { return playFloor(ctx, os.Args[1]) }
	}
	if err := work(ctx); err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

// ask requests /asked of a server and gives who issued its certificate, and the body.
func ask(target, name string) string {
	c, err := net.DialTimeout("tcp", target, 10*time.Second)
	if errors.Is(err, syscall.ECONNRESET) {
		return "reset"
	}
	if err != nil {
		return err.Error()
	}
	defer c.Close()
	issuer := ""
	if name != "" {
		t := tls.Client(c, &tls.Config{ServerName: name, InsecureSkipVerify: true})
		if err := t.Handshake(); err != nil {
			return err.Error()
		}
		c, issuer = t, t.ConnectionState().PeerCertificates[0].Issuer.CommonName+": "
	}
	_, unsent := fmt.Fprintf(c, "GET /asked HTTP/1.0\r\nHost: site.test\r\n\r\n")
	answer, err := io.ReadAll(c)
	if err = errors.Join(err, unsent); errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
		return "reset"
	}
	_, body, _ := strings.Cut(string(answer), "\r\n\r\n")
	return issuer + body
}

// route is the router: the origin's servers and the gateway, until ctx ends.
func route(ctx context.Context) error {
	root, err := emulate.NewAuthority(emulate.AuthorityConfig{Name: "Public Root", Now: time.Now})
	if err != nil {
		return err
	}
	o := &origin{root: root}
	conf := o.config(netip.MustParseAddr(origin4))
	for _, at := range []string{origin4, origin6} {
		serve(must(net.Listen("tcp", net.JoinHostPort(at, "80"))))
		serve(must(tls.Listen("tcp", net.JoinHostPort(at, "443"), conf)))
		serve(must(tls.Listen("tcp", net.JoinHostPort(at, "9443"), conf)))
	}
	dir, err := os.MkdirTemp("", "rehearse")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	authority, _, err := gateway.OpenAuthority(dir, time.Now)
	if err != nil {
		return err
	}
	r := &running{origin: o, authority: authority, log: &sink{}}
	settings := r.config(intercept)
	settings.Transparent, settings.Listen = true, []netip.AddrPort{
		netip.MustParseAddrPort("0.0.0.0:" + gatewayPort), netip.MustParseAddrPort("[::]:" + gatewayPort),
	}
	settings.Allow = []netip.Prefix{netip.MustParsePrefix("10.9.0.0/24"), netip.MustParsePrefix("fd09::/64")}
	settings.Services = []proxy.Service{{Name: "HTTP", Kind: proxy.HTTP, Port: 80}, {Name: "HTTPS", Kind: proxy.SSL, Port: 443, DetectProtocol: true}}
	g, err := gateway.Open(ctx, settings)
	if err != nil {
		return err
	}
	fmt.Println("ready")
	g.Serve(ctx)
	return nil
}
