package write_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/pcaps/story"
	"rehearse/pcaps/write"
	"rehearse/simulator/run"
	"rehearse/simulator/scenario"
	"rehearse/simulator/world/worldtest"
)

func TestWrite(t *testing.T) { worldtest.Suite(t, "write") }

// office is a client behind an appliance that decrypts.
const office = `name: an office
appliance:
  release: 6.7.4.1
  deployment: explicit
  services: [{name: Explicit HTTP, port: 8080, detect_protocol: true}]
  revocation_pointers: [ocsp]
  policy: {name: p.cpl, text: "<SSL-Intercept>\n ssl.forward_proxy(yes)\n<Proxy>\n url.domain=never.test DENY\n"}
clients: {alice: {profile: skype-strict}}
steps:
`

// record plays a scenario and gives the capture of it, with the journal's events.
func record(steps string) *run.Recording {
	f, list := scenario.Load(fstest.MapFS{"s.yaml": {Data: []byte(office + steps)}}, "s.yaml", "")
	Expect(list.HasErrors()).To(BeFalse(), "%v", list)
	var kept *run.Recording
	keep := func(r *run.Recording) string {
		kept = r
		return "kept"
	}
	bubble := func(work func()) { worldtest.Bubble(GinkgoTB(), work) }
	rep, err := run.Run(context.Background(), f.Variants[:1], run.Options{Bubble: bubble, Keep: keep})
	Expect(err).NotTo(HaveOccurred())
	Expect(rep.Scenarios[0].Capture).To(Equal("kept"))
	Expect(rep.Scenarios[0].Problem).To(BeEmpty())
	return kept
}

func bytesOf(c *write.Capture) []byte {
	var b bytes.Buffer
	n, err := c.WriteTo(&b)
	Expect(err).NotTo(HaveOccurred())
	Expect(n).To(Equal(int64(b.Len())))
	return b.Bytes()
}

// told reads a capture by the project's own reader.
func told(file []byte) *story.Summary {
	s, err := story.Read(bytes.NewReader(file), story.Options{Events: true})
	Expect(err).NotTo(HaveOccurred())
	Expect(s.Damage).To(BeEmpty())
	Expect(s.Undecoded).To(BeZero())
	return s
}

// tshark runs it over a capture, or skips where it is not installed.
func tshark(file []byte, args ...string) []string {
	if _, err := exec.LookPath("tshark"); err != nil {
		Skip("tshark is not installed")
	}
	name := filepath.Join(GinkgoT().TempDir(), "it.pcapng")
	Expect(os.WriteFile(name, file, 0o600)).To(Succeed())
	var out, complaints bytes.Buffer
	cmd := exec.Command("tshark", append([]string{"-n", "-r", name}, args...)...)
	cmd.Stdout, cmd.Stderr = &out, &complaints
	Expect(cmd.Run()).To(Succeed(), complaints.String())
	return strings.Split(strings.TrimSpace(out.String()), "\n")
}

const join = "  - alice: sign in\n  - alice: {join: weekly}\n"

// wrong is what Wireshark calls malformed, and what it marks in TCP that has none of
// its segments lost.
const wrong = `_ws.malformed || tcp.analysis.flags || ip.checksum.status == 0 || tcp.checksum.status == 0 || udp.checksum.status == 0`

var checksums = []string{"-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE"}

var _ = Describe("the capture of a rehearsal", func() {
	It("is read decrypted, with names and without a gap", func() {
		s := told(bytesOf(write.Of(record(join))))
		Expect(s.Secrets).To(BeTrue())
		Expect(s.Decrypted.SIP.Methods).To(And(HaveKey("REGISTER"), HaveKey("INVITE"), HaveKey("SUBSCRIBE")))
		for _, f := range s.Flows {
			Expect(f.LostC2S+f.LostS2C).To(BeZero(), "%s %d", f.Transport, f.Number)
		}
		var names []string
		for _, f := range s.Flows {
			names = append(names, f.ServerName)
		}
		Expect(names).To(ContainElements("appliance", "sipdir.online.lync.com"))
	})

	It("tells at its packets which step is taken, what came of it and which rule decided", func() {
		var comments []string
		for _, c := range told(bytesOf(write.Of(record(join)))).Comments {
			comments = append(comments, c.Text)
		}
		Expect(comments).To(ContainElements(
			"step 1 (line 10): alice: sign in", "step 1 ended: done ok",
			"policy: ssl.intercept: ssl.forward_proxy(yes) by p.cpl:2",
		))
	})

	It("is no other for Wireshark: nothing malformed, SIP decrypted on both legs", func() {
		file := bytesOf(write.Of(record(join)))
		Expect(tshark(file, append(checksums, "-Y", wrong)...)).To(Equal([]string{""}))
		sip := tshark(file, "-d", "tls.port==443,sip", "-Y", "sip.Method == REGISTER", "-T", "fields", "-e", "ip.src")
		Expect(sip).To(ContainElements("10.1.0.11", "10.1.0.1"))
	})

	It("has neither names nor what is in TLS without the secrets", func() {
		c := write.Of(record("  - alice: sign in\n"))
		c.Secrets, c.Hosts, c.Notes = nil, nil, nil
		s := told(bytesOf(c))
		Expect(s.Secrets).To(BeFalse())
		Expect(s.SIP.Methods).To(BeEmpty())
		Expect(s.Comments).To(HaveLen(1))
	})

	It("has what is sent again, and nothing that is sent to another place", func() {
		file := bytesOf(write.Of(record("  - alice: sign in\n    faults: {network: {loss: 20%}}\n")))
		Expect(tshark(file, append(checksums, "-Y", "_ws.malformed")...)).To(Equal([]string{""}))
		Expect(tshark(file, "-Y", "tcp.analysis.retransmission")).NotTo(Equal([]string{""}))
		Expect(tshark(file, "-Y", "tcp.analysis.ack_lost_segment")).To(Equal([]string{""}))
	})

	DescribeTable("shows how the network failed", func(fault, filter string) {
		file := bytesOf(write.Of(record("  - alice: sign in\n    faults: {" + fault + "}\n")))
		Expect(tshark(file, "-Y", filter)).NotTo(Equal([]string{""}))
		Expect(tshark(file, append(checksums, "-Y", "_ws.malformed")...)).To(Equal([]string{""}))
	},
		Entry("a name that is not there", "dns: {nxdomain: sipdir.online.lync.com}", "dns.flags.rcode == 3 && dns.qry.name == sipdir.online.lync.com"),
		Entry("a refused connection", "network: {reset: sipdir.online.lync.com}", "tcp.flags.reset == 1 && tcp.flags.ack == 1 && tcp.seq_raw == 0"),
		Entry("silence", "network: {blackhole: sipdir.online.lync.com}", "tcp.flags.syn == 1 && tcp.analysis.retransmission"),
	)

	It("can be a file for each host that began connections", func() {
		files := map[string]*buffer{}
		Expect(write.Of(record(join)).Split(func(host string) (io.WriteCloser, error) {
			files[host] = new(buffer)
			return files[host], nil
		})).To(Succeed())
		Expect(files).To(And(HaveKey("alice"), HaveKey("appliance")))
		for _, f := range told(files["alice"].Bytes()).Flows {
			Expect(f.Client).To(HavePrefix("10.1.0.11:"))
		}
		Expect(told(files["appliance"].Bytes()).Interfaces).To(Equal([]story.Interface{{Link: "ETHERNET", Name: "appliance", Description: "beside appliance (10.1.0.1)"}}))
	})

	It("changes nothing about the rehearsal", func() {
		f, list := scenario.Load(fstest.MapFS{"s.yaml": {Data: []byte(office + join)}}, "s.yaml", "")
		Expect(list.HasErrors()).To(BeFalse())
		bubble := func(work func()) { worldtest.Bubble(GinkgoTB(), work) }
		plain, err := run.Run(context.Background(), f.Variants, run.Options{Bubble: bubble})
		Expect(err).NotTo(HaveOccurred())
		kept, err := run.Run(context.Background(), f.Variants, run.Options{Bubble: bubble, Keep: func(*run.Recording) string { return "" }})
		Expect(err).NotTo(HaveOccurred())
		Expect(kept).To(Equal(plain))
	})
})

type buffer struct{ bytes.Buffer }

func (*buffer) Close() error { return nil }
