package lab_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing/fstest"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/pcaps/write"
	"rehearse/simulator/run"
	files "rehearse/simulator/scenario"
	"rehearse/simulator/world/worldtest"
)

// estate is everything that the simulated servers speak, in one scenario: found by
// discovery, joined over UDP and over pseudo-TLS, TURN and MS-TURN inside TLS, and a
// proxy in front of a part of it.
const estate = `name: all of the estate
appliance:
  release: 6.7.4.1
  deployment: explicit
  services: [{name: Explicit HTTP, port: 8080, detect_protocol: true}]
  revocation_pointers: [crl, ocsp]
  policy: {name: p.cpl, text: "<SSL-Intercept>\n ssl.forward_proxy(yes)\n"}
clients: {alice: {profile: skype-strict}, bob: {profile: java-pkix}, carol: {profile: skype-strict}}
servers:
  turn.test: {speaks: turn-tls}
  msturn.test: {speaks: ms-turn-tls}
steps:
  - alice: {join: weekly}
  - bob: {connect: "turn.test:443", speak: turn-tls}
  - bob: {connect: "msturn.test:443", speak: ms-turn-tls}
  - carol: {join: weekly}
    faults: {network: {blackhole: avedge.online.lync.com, protocol: udp}}
  - bob: {browse: "http://pki.test/crl/root"}
`

// recorded plays a scenario and gives the capture of it, with the keys inside.
func recorded(text string) string {
	GinkgoHelper()
	f, list := files.Load(fstest.MapFS{"s.yaml": {Data: []byte(text)}}, "s.yaml", "")
	Expect(list.HasErrors()).To(BeFalse(), "%v", list)
	var b bytes.Buffer
	keep := func(r *run.Recording) string {
		_, err := write.Of(r).WriteTo(&b)
		Expect(err).NotTo(HaveOccurred())
		return "kept"
	}
	bubble := func(work func()) { worldtest.Bubble(GinkgoTB(), work) }
	_, err := run.Run(context.Background(), f.Variants, run.Options{Bubble: bubble, Keep: keep})
	Expect(err).NotTo(HaveOccurred())
	file := filepath.Join(GinkgoT().TempDir(), "estate.pcapng")
	Expect(os.WriteFile(file, b.Bytes(), 0o600)).To(Succeed())
	return file
}

var _ = Describe("tshark", func() {
	// MS-TURN's frames over TCP are the one thing that it does not know.
	It("dissects every protocol that the estate writes, and finds nothing malformed", func(ctx context.Context) {
		file := recorded(estate)
		cmd := command(ctx, "tshark", "-n", "-r", file, "-d", "tls.port==443,sip", "-d", "tls.port==5061,sip", "-T", "fields", "-e", "frame.protocols", "-e", "_ws.malformed")
		cmd.Stderr = GinkgoWriter
		out, err := cmd.Output()
		Expect(err).NotTo(HaveOccurred())
		layers := map[string]bool{}
		for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
			protocols, malformed, _ := strings.Cut(line, "\t")
			Expect(strings.TrimSpace(malformed)).To(BeEmpty(), protocols)
			for _, p := range strings.Split(protocols, ":") {
				layers[p] = true
			}
		}
		for _, p := range []string{"dns", "http", "ocsp", "x509ce", "tls", "sip", "sdp", "xml", "classicstun", "stun"} {
			Expect(layers).To(HaveKey(p))
		}
	})
})
