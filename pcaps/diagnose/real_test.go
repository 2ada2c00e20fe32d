package diagnose_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/pcaps/diagnose"
	"rehearse/pcaps/story"
)

// captures is where the public captures lie.
const captures = "../../../shared/captures"

// read diagnoses a public capture, cut to a length where that is not 0.
func read(name string, length int) (diagnose.Report, *story.Summary) {
	file, err := os.ReadFile(filepath.Join(captures, name))
	if err != nil {
		Skip("the public captures are not here")
	}
	if length > 0 {
		file = file[:min(length, len(file))]
	}
	s, err := story.Read(bytes.NewReader(file), story.Options{Events: true})
	if err != nil {
		return diagnose.Diagnose(nil), nil
	}
	return diagnose.Diagnose(s.Events), s
}

func summary(r diagnose.Report) []string {
	out := []string{}
	for _, f := range r.Findings {
		out = append(out, fmt.Sprintf("%s %s %s", f.Confidence, f.Cause, f.Host))
	}
	return out
}

var _ = Describe("Of captures from the field", func() {
	DescribeTable("the cause is named", func(name string, want ...string) {
		r, _ := read(name, 0)
		Expect(summary(r)).To(HaveExactElements(want))
	},
		Entry("a forged certificate that the client refuses", "arkime-badcurveball.pcap", "medium pcap-no-pointers bad.curveballtest.com"),
		Entry("a chain that the client gives up on", "ndpi-tls_certificate_too_long.pcap", "medium pcap-untrusted-root wdcp.microsoft.com"),
		Entry("a certificate that has ended", "pcapflowlab-tls_1_2_expired_certificate_alert_16.pcap", "high pcap-expired expired.badssl.com"),
		Entry("answers that say revoked", "zeek-ocsp-revoked-a.pcap", "medium pcap-revoked 23.5.251.27"),
		Entry("a version that the server does not speak", "zeek-tls13draft16-chrome55.0.2879.0-canary-aborted.pcap", "high pcap-tls-refused tls13.crypto.mozilla.org"),
		Entry("a client certificate that is refused", "zeek-certificate-request-failed.pcap", "high pcap-tls-refused fd42:496a:d659:bb85:216:3eff:fe6a:a257"),
		Entry("TLS answered in HTTP", "zeek-ssl-to-http-server.pcap", "medium pcap-answer-not-tls vk.com"),
		Entry("a relay that does not answer", "ndpi-stun_tcp_multiple_msgs_same_pkt.pcap", "medium pcap-no-relay 166.172.142.131"),
	)
	DescribeTable("what went well is no failure", func(name string) {
		r, _ := read(name, 0)
		Expect(summary(r)).To(BeEmpty())
	},
		Entry(nil, "suricata-bug-2769-issue_no_icmp.pcap"), Entry(nil, "wireshark-tls-fragmented-over-tcp-segmented.pcapng.gz"),
		Entry(nil, "zeek-tls-early-alert.pcap"), Entry(nil, "zeek-ocsp-request-response.pcap"), Entry(nil, "zeek-tls12-decryption.pcap"),
		Entry(nil, "corelight-win10-revocation-a.pcap"), Entry(nil, "malcolm-badssl-a.pcap"), Entry(nil, "ndpi-http_connect.pcap"),
		Entry(nil, "ndpi-iphone.pcap"), Entry(nil, "ndpi2021-teams-a.pcap"),
	)
	It("an interception that works is told from one that fails, with the reason", func() {
		works, _ := read("suricata-bug-2769-issue_no_icmp.pcap", 0)
		Expect(works.Works).To(ContainElement(HaveField("Text", And(
			ContainSubstring("accepts the certificate of GE External Issuing CA 201901141000, which points to a CRL"), ContainSubstring("zscaler")))))
		fails, _ := read("arkime-badcurveball.pcap", 0)
		Expect(fails.Findings[0].For).To(ContainElement(HaveField("Text", ContainSubstring("no CRL distribution point, no AIA OCSP"))))
		Expect(fails.Findings[0].Against).To(ContainElement(HaveField("Text", ContainSubstring("the issuer may be untrusted as well"))))
	})
	It("evidence is in the capture, however it is cut", func() {
		names, err := filepath.Glob(filepath.Join(captures, "*cap*"))
		Expect(err).NotTo(HaveOccurred())
		for i, name := range names {
			for _, length := range []int{0, 1000 + 777*i, 30_000} {
				r, s := read(filepath.Base(name), length)
				for _, f := range r.Findings {
					Expect(f.For).NotTo(BeEmpty(), name)
					for _, e := range append(f.For, f.Against...) {
						Expect(e.Packet).To(BeNumerically("<=", s.Packets), name)
						Expect(e.Filter).NotTo(BeEmpty(), name)
					}
				}
			}
		}
	})
	It("Wireshark's filters show the evidence", func() {
		tshark, err := exec.LookPath("tshark")
		if err != nil {
			Skip("tshark is not installed")
		}
		const name = "ndpi-tls_certificate_too_long.pcap"
		r, _ := read(name, 0)
		f := r.Findings[0]
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		for _, e := range append(f.For, diagnose.Evidence{Packet: f.For[0].Packet, Filter: f.Filter}) {
			out, err := exec.CommandContext(ctx, tshark, "-n", "-r", filepath.Join(captures, name), "-Y", e.Filter, "-T", "fields", "-e", "frame.number").Output()
			Expect(err).NotTo(HaveOccurred(), "%s: %s", e.Filter, out)
			if e.Packet > 0 {
				Expect(strings.Fields(string(out))).To(ContainElement(fmt.Sprint(e.Packet)), e.Filter)
			} else {
				Expect(string(out)).To(BeEmpty(), e.Filter)
			}
		}
	})
})

// FuzzDiagnose reads bytes as a capture.
func FuzzDiagnose(f *testing.F) {
	for _, name := range []string{"arkime-badcurveball.pcap", "suricata-http-connect-fail.pcap", "zeek-ocsp-request-response.pcap", "zeek-tls-early-alert.pcap"} {
		if b, err := os.ReadFile(filepath.Join(captures, name)); err == nil {
			f.Add(b)
		}
	}
	f.Add([]byte("\xd4\xc3\xb2\xa1\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\x00\x00\x01\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := story.Read(bytes.NewReader(b), story.Options{Events: true})
		if err != nil {
			return
		}
		for _, found := range diagnose.Diagnose(s.Events).Findings {
			if diagnose.Of(found.Cause).Title == "" {
				t.Errorf("%s is no cause of the table", found.Cause)
			}
		}
	})
}
