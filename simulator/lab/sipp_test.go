package lab_test

import (
	"context"
	"fmt"
	"net"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/simulator/lab"
)

// wrapped is a TCP port at which socat speaks TLS to the lab's front end: sipp, as
// Debian has it, knows no TLS.
func wrapped(ctx context.Context, l *lab.Lab) string {
	GinkgoHelper()
	reserved, err := net.Listen("tcp", "127.0.0.1:0")
	Expect(err).NotTo(HaveOccurred())
	at := reserved.Addr().(*net.TCPAddr)
	reserved.Close()
	sip := l.Endpoints()["sip"]
	wrapper := command(ctx, "socat", fmt.Sprintf("TCP-LISTEN:%d,bind=127.0.0.1,fork,reuseaddr", at.Port),
		fmt.Sprintf("OPENSSL:%s:%d,cafile=%s,commonname=%s,snihost=%[4]s,verify=1", sip.Addr, sip.Port, rootFile(l), sip.Host))
	Expect(wrapper.Start()).To(Succeed())
	DeferCleanup(func() {
		wrapper.Process.Kill()
		wrapper.Wait()
	})
	Eventually(func() error {
		c, err := net.Dial("tcp", at.String())
		if err == nil {
			c.Close()
		}
		return err
	}).Should(Succeed())
	return at.String()
}

var _ = Describe("sipp", func() {
	It("registers over TLS at a front end that asks for nothing", func(ctx context.Context) {
		l, err := lab.Open(lab.Config{Open: true})
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(l.Close)
		scenario, err := filepath.Abs(filepath.Join("testdata", "register.xml"))
		Expect(err).NotTo(HaveOccurred())
		const calls = "10"
		cmd := command(ctx, "sipp", wrapped(ctx, l), "-sf", scenario, "-t", "t1", "-i", "127.0.0.1", "-m", calls, "-l", "1", "-timeout", "20s", "-timeout_error", "-nostdin", "-trace_err")
		cmd.Dir = GinkgoT().TempDir()
		said, err := cmd.CombinedOutput()
		Expect(err).NotTo(HaveOccurred(), string(said))
		Expect(string(said)).To(MatchRegexp(`Successful call +\| +0 +\| +%s`, calls))
		Expect(string(said)).To(MatchRegexp(`Failed call +\| +0 +\| +0`))
	})
})
