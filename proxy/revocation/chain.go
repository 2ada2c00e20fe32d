package revocation

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"
)

// PathError says why there is no acceptable path, with the code a Windows
// client gives for it.
type PathError struct {
	Code   string // CodeUntrustedRoot, CodeChaining, CodeSignature, CodeExpired, CodeWrongUsage or CodeWrongName
	Detail string
}

func (e *PathError) Error() string { return e.Code + ": " + e.Detail }

// Chain builds the path from a server's leaf over the certificates it sent to a
// trusted root, and then holds the name against the leaf (an empty name is not
// checked). The path is leaf first, root last, as Check takes it. The error is a
// *PathError; for CodeWrongName the path is given as well, so that a verifier
// that asks about revocation before it looks at the name can do so.
func Chain(leaf *x509.Certificate, sent []*x509.Certificate, roots *x509.CertPool, name string, now time.Time) ([]*x509.Certificate, error) {
	pool := x509.NewCertPool()
	for _, c := range sent {
		pool.AddCert(c)
	}
	if roots == nil {
		roots = x509.NewCertPool()
	}
	paths, err := leaf.Verify(x509.VerifyOptions{
		Intermediates: pool, Roots: roots, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
	if err != nil {
		return nil, pathError(err, leaf, sent)
	}
	path := slices.MinFunc(paths, func(a, b []*x509.Certificate) int { return len(a) - len(b) })
	if name == "" {
		return path, nil
	}
	if err := leaf.VerifyHostname(name); err != nil {
		return path, &PathError{CodeWrongName, fmt.Sprintf("certificate %s does not name %s", subject(leaf), name)}
	}
	return path, nil
}

func pathError(err error, leaf *x509.Certificate, sent []*x509.Certificate) *PathError {
	var invalid x509.CertificateInvalidError
	var unknown x509.UnknownAuthorityError
	switch {
	case errors.As(err, &invalid):
		return &PathError{invalidCode(invalid.Reason), fmt.Sprintf("certificate %s: %s", subject(invalid.Cert), invalidDetail(invalid.Reason))}
	case errors.As(err, &unknown):
		return untrusted(leaf, sent)
	}
	return &PathError{CodeChaining, err.Error()}
}

func invalidCode(r x509.InvalidReason) string {
	switch r {
	case x509.Expired:
		return CodeExpired
	case x509.IncompatibleUsage:
		return CodeWrongUsage
	}
	return CodeChaining
}

func invalidDetail(r x509.InvalidReason) string {
	switch r {
	case x509.Expired:
		return "expired or not yet valid"
	case x509.IncompatibleUsage:
		return "not for TLS servers"
	case x509.NotAuthorizedToSign:
		return "not a CA certificate, yet it signs"
	case x509.TooManyIntermediates:
		return "more intermediates than its path length allows"
	case x509.CANotAuthorizedForThisName, x509.NameConstraintsWithoutSANs:
		return "outside a CA's name constraints"
	}
	return "not acceptable in a path"
}

// untrusted tells a missing intermediate from a root that is not trusted, from
// what the server sent.
// Modelled: a path that stops at a CA certificate, or at a leaf that says nothing
// of where its issuer could be had, ends at an untrusted root; one that stops at a
// leaf whose AIA points to its issuer lacks an intermediate.
func untrusted(leaf *x509.Certificate, sent []*x509.Certificate) *PathError {
	top, forged := climb(leaf, sent)
	switch {
	case forged:
		return &PathError{CodeSignature, fmt.Sprintf("certificate %s is not signed by the %s that was sent", subject(top), top.Issuer)}
	case top != leaf && !top.IsCA:
		return &PathError{CodeChaining, fmt.Sprintf("certificate %s: %s", subject(top), invalidDetail(x509.NotAuthorizedToSign))}
	case top == leaf && len(leaf.IssuingCertificateURL) > 0:
		return &PathError{CodeChaining, fmt.Sprintf("issuer %s of %s was not sent", top.Issuer.CommonName, subject(top))}
	}
	return &PathError{CodeUntrustedRoot, fmt.Sprintf("no trusted root issued %s (issuer %s)", subject(top), top.Issuer.CommonName)}
}

// climb follows issuers among the certificates sent. forged says that the next
// one has the right name and the wrong key.
func climb(leaf *x509.Certificate, sent []*x509.Certificate) (top *x509.Certificate, forged bool) {
	top = leaf
	for range sent {
		if bytes.Equal(top.RawIssuer, top.RawSubject) {
			return top, false
		}
		var next *x509.Certificate
		named := false
		for _, c := range sent {
			if !bytes.Equal(c.RawSubject, top.RawIssuer) {
				continue
			}
			named = true
			if c.CheckSignature(top.SignatureAlgorithm, top.RawTBSCertificate, top.Signature) == nil {
				next = c
				break
			}
		}
		if next == nil {
			return top, named
		}
		top = next
	}
	return top, false
}
