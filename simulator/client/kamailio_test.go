package client_test

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/reports/journal"
	"rehearse/simulator/client"
	"rehearse/simulator/pki"
	"rehearse/simulator/world"
)

// kamailioModules is where the modules may lie, as distributions have it.
func kamailioModules() string {
	for _, pattern := range []string{"/usr/lib/*/kamailio/modules", "/usr/lib/kamailio/modules", "/usr/lib64/kamailio/modules"} {
		for _, dir := range glob(pattern) {
			if len(glob(filepath.Join(dir, "tls.so"))) > 0 {
				return dir
			}
		}
	}
	Skip("Kamailio or its TLS module is not installed")
	return ""
}

func glob(pattern string) []string {
	found, _ := filepath.Glob(pattern) // the patterns are good
	return found
}

// kamailioConfig is a registrar without authentication that knows nothing else.
const kamailioConfig = `
debug=0
log_stderror=yes
children=1
tcp_children=1
enable_tls=yes
listen=tls:127.0.0.1:%[1]d
mpath="%[2]s/"
loadmodule "tls.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
modparam("tls", "private_key", "%[3]s/key.pem")
modparam("tls", "certificate", "%[3]s/chain.pem")
modparam("tls", "tls_method", "TLSv1.2+")
request_route {
	if (method == "REGISTER") { save("location"); exit; }
	sl_send_reply("405", "Method Not Allowed");
}
`

// kamailio starts one with a certificate for sip.example.test and gives its port.
func kamailio(authority *pki.PKI) int {
	GinkgoHelper()
	modules := kamailioModules()
	program, err := exec.LookPath("kamailio")
	if err != nil {
		Skip("Kamailio is not installed")
	}
	dir := GinkgoT().TempDir()
	keyFiles(authority, "sip.example.test", dir)
	port := freePort()
	config := filepath.Join(dir, "kamailio.cfg")
	Expect(os.WriteFile(config, fmt.Appendf(nil, kamailioConfig, port, modules, dir), 0o600)).To(Succeed())
	var said strings.Builder
	cmd := exec.Command(program, "-f", config, "-DD", "-E", "-Y", dir, "-w", dir)
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.WaitDelay = time.Second
	Expect(cmd.Start()).To(Succeed())
	DeferCleanup(func() {
		cmd.Process.Signal(os.Interrupt)
		cmd.Wait()
	})
	untilOpen(port, &said)
	return port
}

// keyFiles writes key.pem and chain.pem for a name into a folder.
func keyFiles(authority *pki.PKI, name, dir string) {
	GinkgoHelper()
	leaf, err := authority.Leaf(name)
	Expect(err).NotTo(HaveOccurred())
	key, err := x509.MarshalPKCS8PrivateKey(leaf.PrivateKey)
	Expect(err).NotTo(HaveOccurred())
	var chain []byte
	for _, der := range leaf.Certificate {
		chain = append(chain, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	Expect(os.WriteFile(filepath.Join(dir, "key.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), 0o600)).To(Succeed())
	Expect(os.WriteFile(filepath.Join(dir, "chain.pem"), chain, 0o600)).To(Succeed())
}

// freePort is a TCP port of loopback at which nobody listens.
func freePort() int {
	GinkgoHelper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	Expect(err).NotTo(HaveOccurred())
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// untilOpen waits until a program listens at a port; said is what it has to say for
// itself.
func untilOpen(port int, said fmt.Stringer) {
	GinkgoHelper()
	Eventually(func() error {
		c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			c.Close()
		}
		return err
	}).WithTimeout(10*time.Second).Should(Succeed(), func() string { return said.String() })
}

var _ = Describe("Kamailio", func() {
	It("registers the client over TLS, and ends the registration", func(ctx context.Context) {
		authority, err := pki.New(pki.Config{Now: time.Now})
		Expect(err).NotTo(HaveOccurred())
		port := kamailio(authority)
		profile, ok := client.ProfileNamed("browser") // who answers about revocation is not the question
		Expect(ok).To(BeTrue())
		log := journal.NewMemory()
		c := client.New(client.Config{
			Name: "alice", Host: world.OS{Hosts: map[string]netip.Addr{"sip.example.test": netip.MustParseAddr("127.0.0.1")}},
			Recorder: log, Now: time.Now, Roots: authority.Roots(), Profile: profile,
			User: "alice@example.test", Password: "none", Server: fmt.Sprintf("sip.example.test:%d", port),
		})
		defer c.Close()
		out := c.Do(ctx, client.SignIn{})
		Expect(out.Result).To(Equal(journal.OK), out.Text)
		out = c.Do(ctx, client.SignOut{})
		Expect(out.Result).To(Equal(journal.OK), out.Text)
		var lines []string
		for _, m := range journal.Find[journal.SIPSent](log.Log()) {
			lines = append(lines, m.Line)
		}
		Expect(lines).To(Equal([]string{"REGISTER sip:example.test", "200 OK", "REGISTER sip:example.test", "200 OK"}))
	})
})
