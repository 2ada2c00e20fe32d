package gateway_test

import (
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"os/exec"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/emulate"
)

// More strict clients, by libraries that have nothing to do with one another.
var _ = DescribeTable("a real client, made elsewhere again,",
	func(program string, p emulate.Pointers, says func(r *running, program string) string, want string) {
		path := judge(program)
		r := revoking(p)
		Expect(says(r, path)).To(ContainSubstring(want))
	},
	Entry("chromium that requires revocation checks", "chromium", both(), chromium, "/asked"),
	Entry("chromium, none being possible", "chromium", emulate.Pointers{}, chromium, "net::ERR_CERT_NO_REVOCATION_MECHANISM"),
	Entry("openssl that fetches CRLs", "openssl", emulate.Pointers{CRL: true}, opensslFetching, "Verification: OK"),
	Entry("openssl that fetches CRLs, there being none", "openssl", emulate.Pointers{OCSP: true}, opensslFetching, "verify error:num=3:unable to get certificate CRL"),
	Entry("openssl asking a responder that nobody names", "openssl", emulate.Pointers{CRL: true}, ocspPointer, "(none)"),
	Entry("nss, OCSP", "vfychain", emulate.Pointers{OCSP: true}, nss, "Chain is good!"),
	Entry("nss, CRL", "vfychain", emulate.Pointers{CRL: true}, nss, "Chain is good!"),
	Entry("nss, neither", "vfychain", emulate.Pointers{}, nss, "ERROR -8180"),
	Entry("perl that has to be given a staple", "perl", both(), perl, "accept"),
	Entry("perl that has to be given a staple, there being none", "perl", emulate.Pointers{}, perl, "reject did not receive the required stapled OCSP response"),
)

// chromium browses with the policy that requires revocation checks below a root of the
// administrator's. Policies are the machine's, so it sees a folder of its own in the
// place of the machine's, in a mount namespace; the machine's is left alone.
func chromium(r *running, program string) string {
	policies, err := json.Marshal(map[string]any{
		"RequireOnlineRevocationChecksForLocalAnchors": true,
		"CACertificates": []string{base64.StdEncoding.EncodeToString(r.authority.Root().Raw)},
	})
	Expect(err).NotTo(HaveOccurred())
	writeFile(r.dir, "policies.json", policies)
	inside := []string{"-rm", "sh", "-c", `set -e
		mkdir -p etc/policies/managed home
		cp policies.json etc/policies/managed/
		mount --bind etc /etc/chromium
		HOME=$PWD/home exec "$0" --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
			--disable-component-update --disable-sync --disable-dev-shm-usage --enable-logging=stderr --user-data-dir="$PWD/home" \
			--proxy-server="http://$1" --dump-dom https://site.test/asked`, program, r.Addr().String()}
	if out, err := exec.Command("unshare", "-rm", "mount", "--bind", r.dir, "/etc/chromium").CombinedOutput(); err != nil {
		Skip("no mount namespace with a /etc/chromium of its own can be made here: " + strings.TrimSpace(string(out)))
	}
	return run(r.dir, "unshare", inside...)
}

func opensslFetching(r *running, program string) string {
	return run(r.dir, program, "s_client", "-proxy", r.Addr().String(), "-connect", "site.test:443", "-servername", "site.test",
		"-verify_return_error", "-crl_check", "-crl_download", "-CAfile", "root.pem")
}

// shown puts the certificate that clients are shown into a file.
func (r *running) shown() string {
	said := run(r.dir, judge("openssl"), "s_client", "-proxy", r.Addr().String(), "-connect", "site.test:443", "-servername", "site.test", "-CAfile", "root.pem")
	block, _ := pem.Decode([]byte(said))
	Expect(block).NotTo(BeNil(), said)
	return writeFile(r.dir, "leaf.pem", pem.EncodeToMemory(block))
}

// ocspPointer is where the certificate sends those who ask.
func ocspPointer(r *running, program string) string {
	if url := run(r.dir, program, "x509", "-in", r.shown(), "-noout", "-ocsp_uri"); url != "" {
		return url
	}
	return "(none)"
}

// nss verifies what clients are shown, by the library of Firefox and Thunderbird.
func nss(r *running, program string) string {
	certutil, db := judge("certutil"), "sql:"+filepath.Join(r.dir, "nss")
	run(r.dir, "mkdir", "nss")
	run(r.dir, certutil, "-N", "-d", db, "--empty-password")
	run(r.dir, certutil, "-A", "-d", db, "-n", "ca", "-t", "CT,,", "-i", "root.pem")
	return run(r.dir, program, "-d", db, "-pp", "-u", "1", "-g", "leaf", "-m", "ocsp", "-s", "failIfNoInfo", "-m", "crl", "-s", "failIfNoInfo",
		"-h", "requireFreshInfo", "-a", r.shown())
}

// perl connects by IO::Socket::SSL, whose own code judges stapled answers.
func perl(r *running, program string) string {
	if out, err := exec.Command(program, "-MIO::Socket::SSL", "-e", "1").CombinedOutput(); err != nil {
		Skip("IO::Socket::SSL is not installed: " + strings.SplitN(string(out), "\n", 2)[0])
	}
	return run(r.dir, program, "-MIO::Socket::SSL", "-e", `
		my $s = IO::Socket::INET->new($ARGV[0]) or die "no proxy\n";
		print $s "CONNECT site.test:443 HTTP/1.1\r\nHost: site.test:443\r\n\r\n";
		my $line; do { $line = <$s> } until $line =~ /^\r?\n$/;
		my $c = IO::Socket::SSL->start_SSL($s, SSL_hostname => "site.test", SSL_verifycn_name => "site.test", SSL_verifycn_scheme => "http",
			SSL_ca_file => "root.pem", SSL_ocsp_mode => SSL_OCSP_FULL_CHAIN | SSL_OCSP_FAIL_HARD | SSL_OCSP_MUST_STAPLE) or die "reject $SSL_ERROR\n";
		my $wrong = $c->ocsp_resolver->resolve_blocking(timeout => 5);
		print $wrong ? "reject $wrong\n" : "accept\n";`, r.Addr().String())
}
