import type { Finding } from '../../protocol/finding.ts';
import { documentationOf } from '../../service/failure.ts';
import type { CheckResult, CollectionFailure } from '../../service/results.ts';
import { counted } from './numbers.ts';

export function checkText(result: CheckResult): readonly string[] {
  const errors = result.findings.filter((finding) => finding.level === 'error').length;
  const warnings = result.findings.filter((finding) => finding.level === 'warning').length;
  const verdict = errors > 0 ? counted(errors, 'error') : 'ready to run';
  const also = warnings > 0 ? `, ${counted(warnings, 'warning')}` : '';
  return [
    `${result.pipeline}: ${result.source} → ${result.destination}`,
    ...result.findings.flatMap(findingText),
    `${result.pipeline}: ${verdict}${also}`,
  ];
}

const findingText = (finding: Finding): readonly string[] => [
  `  ${finding.level.padEnd(7)} ${finding.subject}: ${finding.message}`,
  `          do ${finding.cure}`,
  ...(finding.level === 'info' ? [] : [`          ${documentationOf(finding.code)}`]),
];

export const failureText = (failure: CollectionFailure): readonly string[] => [
  `  failed ${failure.code}: ${failure.message}`,
  `         do ${failure.cure}`,
];
