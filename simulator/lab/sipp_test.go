package lab_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"os/exec"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/simulator/lab"
)

// withoutPasswords opens a lab whose front end asks SIP users for nothing.
func withoutPasswords() *lab.Lab {
	GinkgoHelper()
	l, err := lab.Open(lab.Config{Open: true})
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(l.Close)
	return l
}

// tlsTo is a verified TLS connection to one of the lab's servers: sipp, as Debian has
// it, knows no TLS.
func tlsTo(l *lab.Lab, endpoint string) *tls.Conn {
	GinkgoHelper()
	at := l.Endpoints()[endpoint]
	roots := x509.NewCertPool()
	Expect(roots.AppendCertsFromPEM(l.Root())).To(BeTrue())
	c, err := tls.Dial("tcp", fmt.Sprintf("%s:%d", at.Addr, at.Port), &tls.Config{ServerName: at.Host, RootCAs: roots})
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() { c.Close() })
	return c
}

// registered is a connection to the front end on which a user is registered.
func registered(l *lab.Lab, name string) net.Conn {
	GinkgoHelper()
	c := tlsTo(l, "sip")
	fmt.Fprintf(c, "REGISTER sip:contoso.test SIP/2.0\r\nVia: SIP/2.0/TLS 127.0.0.1;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n"+
		"From: <sip:%[1]s@contoso.test>;tag=1\r\nTo: <sip:%[1]s@contoso.test>\r\nCall-ID: register-%[1]s\r\nCSeq: 1 REGISTER\r\n"+
		"Contact: <sip:%[1]s@127.0.0.1;transport=tls>\r\nContent-Length: 0\r\n\r\n", name)
	in := bufio.NewReader(c)
	status, err := in.ReadString('\n')
	Expect(err).NotTo(HaveOccurred())
	Expect(status).To(HavePrefix("SIP/2.0 200 "))
	for line := status; line != "\r\n"; {
		line, err = in.ReadString('\n')
		Expect(err).NotTo(HaveOccurred())
	}
	Expect(in.Buffered()).To(BeZero())
	return c
}

// splice carries bytes between two connections until one of them ends.
func splice(a, b net.Conn) {
	for _, way := range [][2]net.Conn{{a, b}, {b, a}} {
		go func() {
			io.Copy(way[0], way[1])
			way[0].Close()
		}()
	}
}

// port is a listener on loopback that hands its first connection on.
func port(to net.Conn) string {
	GinkgoHelper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(l.Close)
	go func() {
		if c, err := l.Accept(); err == nil {
			splice(c, to)
		}
	}()
	return l.Addr().String()
}

// sipp runs in a folder of its own.
func sipp(ctx context.Context, args ...string) *exec.Cmd {
	GinkgoHelper()
	cmd := command(ctx, "sipp", append(args, "-t", "t1", "-i", "127.0.0.1", "-timeout", "30s", "-timeout_error", "-nostdin")...)
	cmd.Dir = GinkgoT().TempDir()
	return cmd
}

func scenario(name string) string {
	GinkgoHelper()
	file, err := filepath.Abs(filepath.Join("testdata", name))
	Expect(err).NotTo(HaveOccurred())
	return file
}

// unused is a TCP port at which nobody listens.
func unused() string {
	GinkgoHelper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	Expect(err).NotTo(HaveOccurred())
	defer l.Close()
	_, number, _ := net.SplitHostPort(l.Addr().String())
	return number
}

var _ = Describe("sipp", func() {
	It("registers over TLS at a front end that asks for nothing", func(ctx context.Context) {
		l := withoutPasswords()
		cmd := sipp(ctx, port(tlsTo(l, "sip")), "-sf", scenario("register.xml"), "-m", "10", "-l", "1")
		said, err := cmd.CombinedOutput()
		Expect(err).NotTo(HaveOccurred(), string(said))
		Expect(string(said)).To(MatchRegexp(`Successful call +\| +0 +\| +10`))
	})

	It("calls another one through the front end, many times at once", func(ctx context.Context) {
		l := withoutPasswords()
		const calls = "200"
		number := unused()
		callee := sipp(ctx, "-sn", "uas", "-p", number, "-m", calls)
		Expect(callee.Start()).To(Succeed())
		DeferCleanup(func() {
			callee.Process.Kill()
			callee.Wait()
		})
		var answering net.Conn
		Eventually(func() (err error) {
			answering, err = net.Dial("tcp", "127.0.0.1:"+number)
			return err
		}).Should(Succeed())
		splice(answering, registered(l, "bob"))
		caller := sipp(ctx, port(registered(l, "alice")), "-sf", scenario("call.xml"), "-m", calls, "-r", "400", "-l", "50")
		said, err := caller.CombinedOutput()
		Expect(err).NotTo(HaveOccurred(), string(said))
		Expect(string(said)).To(MatchRegexp(`Successful call +\| +0 +\| +%s`, calls))
	})
})
