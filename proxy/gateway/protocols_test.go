package gateway_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net"
	"net/netip"
	"os/exec"
	"syscall"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/gateway"
)

// carrying is a gateway in front of an origin that speaks inside TLS what the server at
// a TCP address speaks.
func carrying(server string) *running {
	o := newOrigin("127.0.0.1")
	l, err := tls.Listen("tcp", "127.0.0.1:0", o.config(netip.MustParseAddr("127.0.0.1")))
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(l.Close)
	lead(l, func() (net.Conn, error) { return net.Dial("tcp", server) })
	return inFrontOf(o, l.Addr().(*net.TCPAddr).AddrPort())
}

// inFrontOf is a gateway that knows a place as site.test, whose certificates lead to an
// origin's root. Emulated certificates have all that strict clients ask for.
func inFrontOf(o *origin, at netip.AddrPort) *running {
	r := opened(intercept, func(c *gateway.Config) {
		c.Pointers, c.Staple, c.Proxy.Roots, c.Proxy.MinTLS = both(), true, o.roots(), tls.VersionTLS12
		c.Host.Hosts["site.test"] = at
	})
	writeFile(r.dir, "root.pem", gateway.RootPEM(r.authority))
	return r
}

// lead carries what comes in on a listener to connections made for it.
func lead(l net.Listener, dial func() (net.Conn, error)) {
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				to, err := dial()
				if err != nil {
					return
				}
				defer to.Close()
				go func() {
					io.Copy(to, c)
					to.Close()
				}()
				io.Copy(c, to)
			}()
		}
	}()
}

// unused is a TCP port at which nobody listens.
func unused() string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	Expect(err).NotTo(HaveOccurred())
	defer l.Close()
	return l.Addr().String()
}

// starts runs a server until the spec ends, and waits until it accepts.
func starts(at, program string, args ...string) {
	cmd := exec.Command(program, args...)
	cmd.Dir = GinkgoT().TempDir()
	cmd.Stdout, cmd.Stderr = GinkgoWriter, GinkgoWriter
	Expect(cmd.Start()).To(Succeed())
	DeferCleanup(func() {
		cmd.Process.Signal(syscall.SIGKILL)
		cmd.Wait()
	})
	Eventually(func() error {
		c, err := net.Dial("tcp", at)
		if err == nil {
			c.Close()
		}
		return err
	}, "10s").Should(Succeed(), program)
}

// echo is a UDP port that sends back what it gets.
func echo() (port string) {
	p, err := net.ListenPacket("udp", "127.0.0.1:0")
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(p.Close)
	go func() {
		b := make([]byte, 2048)
		for {
			n, from, err := p.ReadFrom(b)
			if err != nil {
				return
			}
			p.WriteTo(b[:n], from)
		}
	}()
	_, port, _ = net.SplitHostPort(p.LocalAddr().String())
	return port
}

var _ = Describe("protocols that are not HTTP, decrypted", func() {
	It("sipp's calls go through", func() {
		program, callee := judge("sipp"), unused()
		_, number, _ := net.SplitHostPort(callee)
		starts(callee, program, "-sn", "uas", "-t", "t1", "-i", "127.0.0.1", "-p", number, "-nostdin")
		r := carrying(callee)
		roots := x509.NewCertPool()
		roots.AddCert(r.authority.Root())
		tunnel := "127.0.0.1:" + r.through("site.test:443")
		l, err := net.Listen("tcp", "127.0.0.1:0") // Debian's sipp knows no TLS
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(l.Close)
		lead(l, func() (net.Conn, error) {
			return tls.Dial("tcp", tunnel, &tls.Config{ServerName: "site.test", RootCAs: roots})
		})
		said := run(r.dir, program, l.Addr().String(), "-sn", "uac", "-t", "t1", "-i", "127.0.0.1", "-m", "20", "-r", "200", "-d", "10",
			"-timeout", "30s", "-timeout_error", "-nostdin")
		Expect(said).To(MatchRegexp(`Successful call +\| +0 +\| +20`))
		Expect(r.log.told()).To(ContainElement(ContainSubstring("site.test")))
	})
	It("turnutils_uclient gets its relay, and all that it sends comes back", func() {
		program, server, at := judge("turnutils_uclient"), judge("turnserver"), unused()
		_, number, _ := net.SplitHostPort(at)
		o, dir := newOrigin("127.0.0.1"), GinkgoT().TempDir()
		certificate := o.config(netip.MustParseAddr("127.0.0.1")).Certificates[0]
		key := must(x509.MarshalPKCS8PrivateKey(certificate.PrivateKey))
		starts(at, server, "-n", "--no-cli", "-L", "127.0.0.1", "-p", "0", "--tls-listening-port", number, "--no-dtls", "--no-udp", "--no-tcp",
			"--cert", writeFile(dir, "cert.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Certificate[0]})),
			"--pkey", writeFile(dir, "key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})), "-b", "db", "--pidfile", "pid",
			"-a", "-r", "site.test", "-u", "alice:secret", "--allow-loopback-peers", "--log-file", "stdout", "-m", "1")
		r := inFrontOf(o, netip.MustParseAddrPort(at))
		// Inside TLS two clients of this program that talk to each other lose messages even
		// without a proxy: it takes one from each read. So it talks to an echo.
		said := run(r.dir, program, "-t", "-S", "-E", "root.pem", "-p", r.through("site.test:443"), "-L", "127.0.0.1", "-c", "-n", "5", "-m", "1",
			"-e", "127.0.0.1", "-r", echo(), "-u", "alice", "-w", "secret", "127.0.0.1")
		Expect(said).To(ContainSubstring("tot_send_msgs=5, tot_recv_msgs=5\n"))
		Expect(said).To(ContainSubstring("Total lost packets 0 "))
	})
})
