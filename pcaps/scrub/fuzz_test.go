package scrub_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"rehearse/pcaps/scrub"
	"rehearse/pcaps/story"
)

// FuzzCapture scrubs whatever comes; what comes out is a capture that reads to its end.
func FuzzCapture(f *testing.F) {
	files, _ := filepath.Glob("../samples/*/capture.pcapng")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text[:min(len(text), 6000)])
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var out bytes.Buffer
		if _, err := scrub.Capture(&out, bytes.NewReader(text)); err != nil {
			return
		}
		s, err := story.Read(&out, story.Options{})
		if err != nil || s.Damage != "" {
			t.Fatalf("the scrubbed capture: %v %s", err, s.Damage)
		}
	})
}
