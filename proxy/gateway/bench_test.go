package gateway_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"rehearse/proxy/gateway"
)

// A gateway in a process of its own, for what is measured about processes.
func startGateway(b *testing.B, o *origin) (at string, pid int, roots *x509.CertPool) {
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	dir := b.TempDir()
	cmd := exec.Command(self, dir, o.at.String(), o.plain.String())
	cmd.Env = append(os.Environ(), roleVariable+"=gateway")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	at, err = bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "ca", "root.pem"))
	if err != nil {
		b.Fatal(err)
	}
	roots = x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	return strings.TrimSpace(at), cmd.Process.Pid, roots
}

// playGateway is that process: its folder and the origin's addresses are arguments.
func playGateway(ctx context.Context) error {
	dir, o := os.Args[1], &origin{at: netip.MustParseAddrPort(os.Args[2]), plain: netip.MustParseAddrPort(os.Args[3])}
	authority, _, err := gateway.OpenAuthority(filepath.Join(dir, "ca"), time.Now)
	if err != nil {
		return err
	}
	r := &running{origin: o, authority: authority}
	conf := r.benchConfig()
	g, err := gateway.Open(ctx, conf)
	if err != nil {
		return err
	}
	fmt.Println(g.Addr())
	g.Serve(ctx)
	return nil
}

func (r *running) benchConfig() gateway.Config {
	r.origin.root = newAuthority("Nobody", nil, nil)
	conf := r.config(intercept + "<SSL>\n server.certificate.validate(no)\n")
	conf.Proxy.AccessLog, conf.MaxConnections = nil, 10000
	conf.Proxy.Limits.Idle = 10 * time.Minute
	newest(&conf)
	return conf
}

// resident is a process's memory in bytes.
func resident(pid int) int {
	text, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/statm")
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.Atoi(fields[1])
	return pages * os.Getpagesize()
}

func connect(at, target string, roots *x509.CertPool, cache tls.ClientSessionCache) (*tls.Conn, *bufio.Reader, error) {
	c, err := net.Dial("tcp", at)
	if err != nil {
		return nil, nil, err
	}
	fmt.Fprintf(c, "CONNECT %s HTTP/1.1\r\n\r\n", target)
	in := bufio.NewReader(c)
	if _, err := http.ReadResponse(in, &http.Request{Method: http.MethodConnect}); err != nil {
		return nil, nil, err
	}
	t := tls.Client(c, &tls.Config{ServerName: "site.test", RootCAs: roots, ClientSessionCache: cache})
	return t, bufio.NewReader(t), t.Handshake()
}

func request(c net.Conn, in *bufio.Reader, path string) error {
	fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: site.test\r\n\r\n", path)
	resp, err := http.ReadResponse(in, nil)
	if err == nil {
		_, err = io.Copy(io.Discard, resp.Body)
	}
	return err
}

// BenchmarkIdle measures what an intercepted connection that rests costs: resident
// bytes for each.
func BenchmarkIdle(b *testing.B) {
	at, pid, roots := startGateway(b, newOrigin("127.0.0.1"))
	const n = 1000
	warm, in, err := connect(at, "site.test:443", roots, nil)
	if err == nil {
		err = request(warm, in, "/warm")
	}
	if err != nil {
		b.Fatal(err)
	}
	defer warm.Close()
	before := resident(pid)
	for range n {
		c, in, err := connect(at, "site.test:443", roots, nil)
		if err == nil {
			defer c.Close()
			err = request(c, in, "/idle")
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(resident(pid)-before)/n, "B/conn")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkShake measures intercepted connections, each with a request.
func BenchmarkShake(b *testing.B) {
	at, _, roots := startGateway(b, newOrigin("127.0.0.1"))
	for b.Loop() {
		c, in, err := connect(at, "site.test:443", roots, nil)
		if err != nil {
			b.Fatal(err)
		}
		if err := request(c, in, "/shake"); err != nil {
			b.Fatal(err)
		}
		c.Close()
	}
}

// BenchmarkRequests measures requests on one intercepted connection.
func BenchmarkRequests(b *testing.B) {
	at, _, roots := startGateway(b, newOrigin("127.0.0.1"))
	c, in, err := connect(at, "site.test:443", roots, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	for b.Loop() {
		if err := request(c, in, "/again"); err != nil {
			b.Fatal(err)
		}
	}
}
