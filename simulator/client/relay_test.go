package client_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/pion/stun/v2"

	"rehearse/reports/journal"
	"rehearse/simulator/client"
	"rehearse/simulator/pki"
	"rehearse/simulator/server"
	"rehearse/simulator/world"
)

var _ = Describe("relaying", func() {
	DescribeTable("lets audio run through the TURN server and back", func(over, at, media string) {
		onEstate(func(b bench, e *server.Estate, alice *client.Client) {
			Expect(do(alice, client.Relay{Server: "turn.online.lync.com:" + at, Over: over}).String()).To(Equal("done ok, media " + media))
			Expect(flowed(b, "alice")).To(Equal(journal.MediaFlowed{Path: media, Sent: 50, Received: 50}))
		})
	},
		Entry(nil, "udp", "3478", "udp-relay"), Entry(nil, "tcp", "3478", "tcp-relay"), Entry(nil, "tls", "443", "tcp-relay"),
	)

	It("says what is wrong", func() {
		onEstate(func(b bench, e *server.Estate, alice *client.Client) {
			relay := func(server, over string) string { return do(alice, client.Relay{Server: server, Over: over}).String() }
			Expect(relay("turn.online.lync.com:3479", "tcp")).To(Equal("connect refused connection_refused"))
			Expect(relay("turn.online.lync.com:3479", "udp")).To(Equal("relay refused connection_refused"))
			Expect(relay("nowhere.test:3478", "udp")).To(Equal("resolve refused nxdomain"))
			b.listen("web.test", 443, secured(b.leaf("web.test"), nil, func(c *tls.Conn) {
				c.Read(make([]byte, 1))
				io.WriteString(c, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
				c.Read(make([]byte, 1))
			}))
			Expect(relay("web.test:443", "tls")).To(Equal("relay refused http_400"))
			_, err := e.Impose(server.Fault{Server: server.TURN, Kind: "silent"})
			Expect(err).NotTo(HaveOccurred())
			Expect(relay("turn.online.lync.com:3478", "udp")).To(Equal("relay timeout timeout"))
		})
		onEstate(func(b bench, e *server.Estate, mallory *client.Client) {
			Expect(do(mallory, client.Relay{Server: "turn.online.lync.com:443", Over: "tls"}).String()).To(Equal("relay refused turn_400"))
		}, func(c *client.Config) { c.Password = "wrong" })
	})
})

// coturn starts a TURN server with a certificate for turn.example.test, and gives its
// ports, for UDP and TCP and for TLS.
func coturn(authority *pki.PKI) (plain, tls int) {
	GinkgoHelper()
	program, err := exec.LookPath("turnserver")
	if err != nil {
		Skip("coturn is not installed")
	}
	dir := GinkgoT().TempDir()
	keyFiles(authority, "turn.example.test", dir)
	plain, tls = freePort(), freePort()
	var said strings.Builder
	cmd := exec.Command(program, "-n", "--no-cli", "-L", "127.0.0.1", "-p", fmt.Sprint(plain), "--tls-listening-port", fmt.Sprint(tls), "--no-dtls",
		"--cert", filepath.Join(dir, "chain.pem"), "--pkey", filepath.Join(dir, "key.pem"), "-b", filepath.Join(dir, "db"), "--pidfile", filepath.Join(dir, "pid"),
		"-a", "-r", "example.test", "-u", "alice@example.test:secret", "--allow-loopback-peers", "--log-file", "stdout", "-m", "1")
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.WaitDelay = time.Second
	Expect(cmd.Start()).To(Succeed())
	DeferCleanup(func() {
		cmd.Process.Signal(os.Interrupt)
		cmd.Wait()
	})
	untilOpen(tls, &said)
	untilAnswers(plain, &said) // coturn opens its ports one after the other
	return plain, tls
}

// untilAnswers waits until a STUN server answers over UDP.
func untilAnswers(port int, said fmt.Stringer) {
	GinkgoHelper()
	Eventually(func() error {
		c, err := net.Dial("udp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			return err
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(200 * time.Millisecond))
		if _, err := c.Write(stun.MustBuild(stun.TransactionID, stun.BindingRequest).Raw); err != nil {
			return err
		}
		_, err = c.Read(make([]byte, 1500))
		return err
	}).WithTimeout(10*time.Second).Should(Succeed(), func() string { return said.String() })
}

var _ = Describe("coturn", func() {
	It("relays the client's audio, over UDP, over TCP and inside TLS", func(ctx context.Context) {
		authority, err := pki.New(pki.Config{Now: time.Now})
		Expect(err).NotTo(HaveOccurred())
		plain, tls := coturn(authority)
		profile, ok := client.ProfileNamed("browser") // who answers about revocation is not the question
		Expect(ok).To(BeTrue())
		log := journal.NewMemory()
		c := client.New(client.Config{
			Name: "alice", Host: world.OS{Hosts: map[string]netip.Addr{"turn.example.test": netip.MustParseAddr("127.0.0.1")}},
			Recorder: log, Now: time.Now, Roots: authority.Roots(), Profile: profile, User: "alice@example.test", Password: "secret",
		})
		defer c.Close()
		for over, port := range map[string]int{"udp": plain, "tcp": plain, "tls": tls} {
			out := c.Do(ctx, client.Relay{Server: fmt.Sprintf("turn.example.test:%d", port), Over: over})
			Expect(out.Result).To(Equal(journal.OK), "%s: %s", over, out.Text)
		}
		for _, m := range journal.Find[journal.MediaFlowed](log.Log()) {
			Expect(m.Received).To(Equal(m.Sent))
		}
	})
})
