import {
  type AlertName,
  type AlertRulesConfig,
  type AlertSeverity,
  alertNames,
} from '../../protocol/alerts.ts';
import { alertRules } from './rules.ts';

/** A rule as it holds for one pipeline. */
export interface RuleSettings {
  readonly threshold: number;
  readonly forMs: number;
  readonly severity: AlertSeverity;
}

/** Later ones change earlier ones, key by key. A name that is missing in the answer is turned off. */
export function settingsOf(configs: readonly AlertRulesConfig[]): ReadonlyMap<AlertName, RuleSettings> {
  return new Map(
    alertNames.flatMap((name) => {
      const settings = ruleSettings(name, configs);
      return settings === null ? [] : [[name, settings] as const];
    }),
  );
}

function ruleSettings(name: AlertName, configs: readonly AlertRulesConfig[]): RuleSettings | null {
  const { threshold, forSeconds, severity } = alertRules[name];
  let settings: RuleSettings = { threshold, forMs: forSeconds * 1000, severity };
  let isOn = true;
  for (const config of configs) {
    const said = config[name];
    if (said === undefined) continue;
    isOn = said !== false;
    if (typeof said === 'object') settings = changed(settings, said);
  }
  return isOn ? settings : null;
}

const changed = (
  settings: RuleSettings,
  said: Exclude<AlertRulesConfig[AlertName], boolean | undefined>,
): RuleSettings => ({
  threshold: said.threshold ?? settings.threshold,
  forMs: said.forSeconds === undefined ? settings.forMs : said.forSeconds * 1000,
  severity: said.severity ?? settings.severity,
});
