/** Of the decisions that stand. */
export const stands = { state: { $in: ['waiting', 'approved'] } };

export const dropped = { $set: { state: 'dropped' } };
