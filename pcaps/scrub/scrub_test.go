package scrub_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/pcaps/diagnose"
	"rehearse/pcaps/scrub"
	"rehearse/pcaps/story"
	"rehearse/simulator/world/worldtest"
)

func TestScrub(t *testing.T) { worldtest.Suite(t, "scrub") }

// read tells a capture without its keys, which a scrubbed one has not either.
func read(file []byte) *story.Summary {
	s, err := story.Read(bytes.NewReader(file), story.Options{Events: true})
	Expect(err).NotTo(HaveOccurred())
	return s
}

// causes are those of a capture, sorted.
func causes(s *story.Summary) []string {
	all := []string{}
	for _, f := range diagnose.Diagnose(s.Events).Findings {
		all = append(all, f.Cause+" "+string(f.Confidence))
	}
	slices.Sort(all)
	return all
}

func scrubbed(file []byte) []byte {
	var out bytes.Buffer
	r, err := scrub.Capture(&out, bytes.NewReader(file))
	Expect(err).NotTo(HaveOccurred())
	Expect(r.Written).To(BeNumerically(">", 0))
	return out.Bytes()
}

// bare is a sample without the block that has its keys.
func bare(file []byte) []byte {
	var out []byte
	for at := 0; at+12 <= len(file); {
		n := int(file[at+4]) | int(file[at+5])<<8 | int(file[at+6])<<16 | int(file[at+7])<<24
		if file[at] != 10 || file[at+1] != 0 {
			out = append(out, file[at:at+n]...)
		}
		at += n
	}
	return out
}

var _ = Describe("a scrubbed capture", func() {
	files, _ := filepath.Glob("../samples/*/capture.pcapng")
	for _, file := range files {
		It("has the diagnosis of "+filepath.Base(filepath.Dir(file))+", and none of its names", func() {
			text, err := os.ReadFile(file)
			Expect(err).NotTo(HaveOccurred())
			text = bare(text)
			out := scrubbed(text)
			Expect(causes(read(out))).To(Equal(causes(read(text))))
			for _, secret := range []string{"contoso", "Rehearsal", "alice", "CLIENT_RANDOM", "appliance"} {
				Expect(bytes.Contains(out, []byte(secret))).To(BeFalse(), secret)
			}
			before, after := read(text), read(out)
			Expect(after.TCPStreams).To(Equal(before.TCPStreams))
			Expect(after.UDPFlows).To(Equal(before.UDPFlows))
			Expect(after.TLS).To(HaveLen(len(before.TLS)))
		})
	}
})
