package lab_test

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/reports/journal"
	"rehearse/simulator/client"
	"rehearse/simulator/lab"
	"rehearse/simulator/world"
	"rehearse/simulator/world/worldtest"
)

func TestLab(t *testing.T) { worldtest.Suite(t, "lab") }

// open opens a lab at free ports for one spec.
func open() *lab.Lab {
	GinkgoHelper()
	l, err := lab.Open(lab.Config{})
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(l.Close)
	return l
}

// machine is this machine with the lab's DNS server.
func machine(l *lab.Lab) world.OS {
	at := l.Endpoints()[lab.DNS]
	return world.OS{DNS: netip.AddrPortFrom(netip.MustParseAddr(at.Addr), at.Port)}
}

// alice is a strict client that knows nothing but root, DNS server and her account.
func alice(l *lab.Lab) *client.Client {
	GinkgoHelper()
	profile, ok := client.ProfileNamed("skype-strict")
	Expect(ok).To(BeTrue())
	roots := x509.NewCertPool()
	Expect(roots.AppendCertsFromPEM(l.Root())).To(BeTrue())
	c := client.New(client.Config{
		Name: "alice", Host: machine(l), Now: time.Now, Roots: roots, Profile: profile,
		User: "alice@contoso.test", Password: l.Users()["alice@contoso.test"],
	})
	DeferCleanup(c.Close)
	return c
}

var _ = Describe("a lab", func() {
	It("lets a strict client find its server, sign in and join with audio, over real sockets", func(ctx context.Context) {
		c := alice(open())
		out := c.Do(ctx, client.SignIn{})
		Expect(out.Result).To(Equal(journal.OK), out.Text)
		out = c.Do(ctx, client.Join{Meeting: "weekly"})
		Expect(out.Result).To(Equal(journal.OK), out.Text)
		Expect(out.Media).To(Equal(journal.MediaUDPRelay))
		Expect(c.Do(ctx, client.SignOut{}).Result).To(Equal(journal.OK))
	})

	It("serves the meeting page that its address leads to", func(ctx context.Context) {
		l := open()
		c := alice(l)
		out := c.Do(ctx, client.Join{Meeting: l.MeetingURL("bob@contoso.test", "weekly")})
		Expect(out.Result).To(Equal(journal.OK), out.Text)
	})

	It("writes down where everything is", func() {
		l := open()
		dir := filepath.Join(GinkgoT().TempDir(), "new", "lab")
		Expect(l.Write(dir)).To(Succeed())
		Expect(os.ReadFile(filepath.Join(dir, lab.RootFile))).To(Equal(l.Root()))
		text, err := os.ReadFile(filepath.Join(dir, lab.EndpointsFile))
		Expect(err).NotTo(HaveOccurred())
		var list map[string]map[string]any
		Expect(json.Unmarshal(text, &list)).To(Succeed())
		for _, name := range []string{"sip", "sip443", "web", "edge", "turn", "turns", "ocsp", "crl", "dns"} {
			Expect(list[name]).To(And(HaveKey("host"), HaveKeyWithValue("addr", "127.0.0.1"), HaveKey("port")), name)
		}
		Expect(list["users"]).To(HaveKeyWithValue("alice@contoso.test", "Passw0rd!"))
	})

	It("says which ports there are to choose from", func() {
		_, err := lab.Open(lab.Config{Ports: "odd"})
		Expect(err).To(MatchError(`lab: ports "odd", want fixed or free`))
	})

	It("is gone when it is closed", func(ctx context.Context) {
		l := open()
		Expect(l.Close()).To(Succeed())
		_, err := machine(l).Resolve(ctx, "sipdir.online.lync.com")
		Expect(err).To(HaveOccurred())
	})
})
